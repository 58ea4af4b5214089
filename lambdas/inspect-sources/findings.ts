/**
 * Problems of one source, each told once with the objects it was found in: a column that is missing in a thousand
 * files is one line.
 */
export class Findings {
  private readonly source: string;
  private readonly places = new Map<string, string[]>();

  constructor(source: string) {
    this.source = source;
  }

  /** `place` is the object's name; without one the problem is of the source as a whole. */
  add(problem: string, place?: string): void {
    const known = this.places.get(problem) ?? [];
    if (place) known.push(place);
    this.places.set(problem, known);
  }

  get found(): boolean {
    return this.places.size > 0;
  }

  get problems(): { source: string; message: string }[] {
    return [...this.places].map(([problem, places]) => ({
      source: this.source,
      message: `${this.source}: ${problem}${where(places)}`,
    }));
  }
}

function where(places: string[]): string {
  const [first, ...others] = [...places].sort();
  if (!first) return '';
  return others.length ? ` (${first} and ${others.length} more)` : ` (${first})`;
}

/** Columns that are not there, with those nobody declared: often the same ones under another name. */
export function missingColumns(present: string[], declared: string[]): string[] {
  const extra = present.filter((name) => !declared.includes(name));
  const instead = extra.length ? `; not declared, but there: ${extra.slice(0, MOST_NAMED).join(', ')}` : '';
  const more = extra.length > MOST_NAMED ? ` and ${extra.length - MOST_NAMED} more` : '';
  return declared.filter((name) => !present.includes(name)).map((name) => `column ${name} is missing${instead}${more}`);
}

const MOST_NAMED = 5;
