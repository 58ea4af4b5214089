import * as z from 'zod';
import { scoringOf } from '#lambdas/api-score/request.ts';
import { oncePerPipeline, type ServedColumn, type ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { fieldsOf } from '#lib/csv.ts';
import { predictionOf, type Scored } from '#lib/serving/scored.ts';
import { normalisedLabel } from '#lib/sql/scored-sql.ts';

function columnSchema({ type }: ServedColumn): z.ZodType<Scored> {
  if (type === 'double') return z.number();
  if (type === 'bigint' || type === 'integer') return z.int();
  if (type === 'date') return z.iso.date();
  return type === 'boolean' ? z.boolean() : z.string();
}

/** What an answer looks like: for the contract, and so that nothing else is ever said. */
export const scoreSchema = oncePerPipeline((pipeline) => {
  const { threshold } = scoringOf(pipeline);
  return z.strictObject({
    pipeline: z.literal(pipeline.name),
    model: z.string().describe('The model that answered.'),
    prediction: z.strictObject(
      Object.fromEntries(pipeline.columns.map((column) => [column.name, columnSchema(column)])),
    ),
    ...(threshold === undefined
      ? {}
      : { threshold: z.literal(threshold).describe('Above this probability the verdict is yes.') }),
  });
});

export type Score = z.output<ReturnType<typeof scoreSchema>>;

/**
 * The line of a model as the API's answer. What the batch would refuse to publish is refused here too: a class that there
 * is not, a probability that is missing, a number that is none.
 */
export function scoreOf(pipeline: ServedPipeline, model: string | undefined, line: string): Score {
  const scoring = scoringOf(pipeline);
  const { classes, problem, threshold } = scoring;
  const fields = fieldsOf(line.trim()) ?? [];
  const [label = ''] = fields;
  const known = problem === 'regression' || classes?.map(normalisedLabel).includes(normalisedLabel(label));
  const score = {
    pipeline: pipeline.name,
    model,
    prediction: predictionOf(scoring, fields, new Date().toISOString().slice(0, 10)),
    ...(threshold === undefined ? {} : { threshold }),
  };
  const parsed = scoreSchema(pipeline).safeParse(score);
  if (known && parsed.success) return parsed.data;
  throw Object.assign(new Error(`The answer of ${scoring.endpoint} is none`), { name: 'AnswerUnreadable' });
}
