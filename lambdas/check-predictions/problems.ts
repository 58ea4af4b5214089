import type { LabelCount } from '#lambdas/check-predictions/labels.ts';
import type { Written } from '#lambdas/shared/parquet.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { normalisedLabel } from '#lib/sql/scored-sql.ts';

export interface Answers {
  /** Of a classification. */
  labels: LabelCount[];
  /** Of a regression: answers that are no finite number. */
  noNumbers: number;
}

/** What is wrong with predictions, one line each: rows in = rows out, nothing missing, only classes there are. */
export function predictionProblems(
  pipeline: Pipeline,
  rowsIn: number,
  written: Written,
  { labels, noNumbers }: Answers,
): string[] {
  const problems: string[] = [];
  if (written.rows !== rowsIn)
    problems.push(`${rowsIn} rows were to be predicted, ${written.rows} predictions came out`);
  for (const column of Object.keys(pipeline.predictions?.columns ?? {})) {
    const nulls = written.nulls[column] ?? 0;
    if (nulls) problems.push(`${column} is missing in ${nulls} prediction(s)`);
  }
  const known = (pipeline.model?.classes ?? []).map(normalisedLabel);
  for (const { label, rows, withoutProbability } of labels) {
    if (!label) problems.push(`${rows} row(s) came back without a label`);
    else if (!known.includes(label))
      problems.push(
        `${rows} row(s) were given the unknown class ${JSON.stringify(label)} (known: ${known.join(', ')})`,
      );
    if (label && withoutProbability)
      problems.push(`${withoutProbability} row(s) of class ${label} have no probability`);
  }
  if (noNumbers) problems.push(`${noNumbers} row(s) were answered with something that is no finite number`);
  return problems;
}
