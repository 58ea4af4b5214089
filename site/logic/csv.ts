import { counted } from '#site/logic/format.ts';
import { UNKNOWN } from '#site/logic/values.ts';
import type { Feature } from '#site/page-data.ts';

export type Line = { texts: Record<string, string>; unknown: string[] } | { problem: string };

/**
 * Values for the fields of the form, of a line in the model's order or of two lines, names first. Names may come in any
 * order and with columns that the model does not read, such as the key. An empty value is one that is not known.
 */
export function valuesOfCsv(text: string, features: readonly Feature[]): Line {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim());
  const [first, second] = lines;
  if (first === undefined) return { problem: 'There is no line yet.' };
  const delimiter = delimiterOf(first);
  const cells = splitLine(first, delimiter);
  if (!cells) return { problem: 'A quotation mark is not closed.' };
  const known = new Set(features.map(({ name }) => name));
  const named = cells.some((cell) => known.has(cell));
  if (lines.length > (named ? 2 : 1)) return { problem: `There are ${lines.length} lines: paste one line of values.` };
  if (!named) return inOrder(cells, features);
  if (second === undefined) return { problem: 'There are names and no values: paste the line below them too.' };
  const values = splitLine(second, delimiter);
  if (!values) return { problem: 'A quotation mark is not closed.' };
  return byName(cells, values, features);
}

function inOrder(cells: string[], features: readonly Feature[]): Line {
  if (cells.length !== features.length)
    return {
      problem: `There ${cells.length === 1 ? 'is' : 'are'} ${counted(cells.length, 'value')}; the model reads ${features.length}.`,
    };
  return filled(Object.fromEntries(features.map(({ name }, index) => [name, cells[index] ?? ''])), features);
}

function byName(names: string[], values: string[], features: readonly Feature[]): Line {
  if (names.length !== values.length)
    return { problem: `There are ${counted(names.length, 'name')} and ${counted(values.length, 'value')}.` };
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { problem: `The name ${twice} is there twice.` };
  const missing = features.filter(({ name }) => !names.includes(name)).map(({ name }) => name);
  if (missing.length) return { problem: `These columns are missing: ${missing.join(', ')}.` };
  return filled(Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])), features);
}

function filled(given: Record<string, string>, features: readonly Feature[]): Line {
  const unknown = features.filter(({ name, mayBeUnknown }) => mayBeUnknown && !given[name]).map(({ name }) => name);
  const texts = features.map(({ name }) => [name, unknown.includes(name) ? String(UNKNOWN) : (given[name] ?? '')]);
  return { texts: Object.fromEntries(texts), unknown };
}

/** What spreadsheets put between values: a comma, or where the comma is in numbers a semicolon, or a tab. */
const delimiterOf = (line: string) => (line.includes('\t') ? '\t' : line.includes(';') ? ';' : ',');

/** Undefined when a quotation mark is not closed. */
function splitLine(line: string, delimiter: string): string[] | undefined {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i];
    if (letter === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (letter === '"') quoted = !quoted;
    else if (letter === delimiter && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += letter;
  }
  return quoted ? undefined : [...cells, cell.trim()];
}
