import { lineBlocks, parses } from '#lambdas/inspect-sources/csv.ts';
import { missingColumns } from '#lambdas/inspect-sources/findings.ts';
import { isServiceFault } from '#lambdas/shared/retryable.ts';
import { fieldsOf } from '#lib/csv.ts';
import type { Column } from '#lib/pipelines/pipeline.ts';

export interface CsvFound {
  /** Column names as the catalogue has them: lower case. Empty when the object has no header. */
  header: string[];
  rows: number;
  problems: string[];
}

interface Wrong {
  count: number;
  line: number;
  example: string;
}

/**
 * Reads one CSV object from beginning to end.
 *
 * Line-based by contract: Athena's OpenCSVSerDe takes every line for a record, so a quoted line break would silently
 * become two broken rows. Columns are found by the header's names; columns nobody declared are not looked at.
 */
export async function checkCsv(stream: AsyncIterable<Uint8Array>, declared: Record<string, Column>): Promise<CsvFound> {
  const found: CsvFound = { header: [], rows: 0, problems: [] };
  const wrong = new Map<string, Wrong>();
  let shape: Wrong | undefined;
  let typed: { name: string; type: Column['type']; at: number }[] = [];
  let line = 0;
  try {
    for await (const lines of lineBlocks(stream)) {
      for (const text of lines) {
        line += 1;
        const fields = fieldsOf(line === 1 ? text.replace(/^\uFEFF/, '') : text);
        if (!fields) {
          found.problems.push(
            `line ${line}: a quoted field does not end on its line; line breaks inside fields are not supported`,
          );
          return found;
        }
        if (line === 1) {
          found.header = fields.map((name) => name.trim().toLowerCase());
          found.problems.push(...headerProblems(found.header, declared));
          typed = Object.entries(declared)
            .map(([name, { type }]) => ({ name, type, at: found.header.indexOf(name) }))
            .filter(({ at, type }) => at >= 0 && type !== 'varchar');
          continue;
        }
        found.rows += 1;
        if (fields.length !== found.header.length) {
          shape ??= { count: 0, line, example: `${fields.length} instead of ${found.header.length}` };
          shape.count += 1;
          continue;
        }
        for (const { name, type, at } of typed) {
          const value = fields[at] ?? '';
          if (parses(value, type)) continue;
          const known = wrong.get(name) ?? { count: 0, line, example: value };
          known.count += 1;
          wrong.set(name, known);
        }
      }
    }
  } catch (error) {
    // A download that broke off says nothing about the file.
    if (isServiceFault(error)) throw error;
    found.problems.push(`is unreadable: ${(error as Error).message}`);
  }
  if (shape)
    found.problems.push(
      `${shape.count} line(s) with another number of fields than the header, first in line ${shape.line} (${shape.example})`,
    );
  for (const [name, { count, line, example }] of wrong)
    found.problems.push(
      `column ${name}: ${count} value(s) are no ${declared[name]?.type}, first in line ${line}: ${JSON.stringify(example.slice(0, 40))}`,
    );
  if (line === 0 && !found.problems.length) found.problems.push('has no header line');
  return found;
}

function headerProblems(header: string[], declared: Record<string, Column>): string[] {
  const twice = [...new Set(header.filter((name, i) => header.indexOf(name) !== i))];
  return [...missingColumns(header, Object.keys(declared)), ...twice.map((name) => `column ${name} is there twice`)];
}
