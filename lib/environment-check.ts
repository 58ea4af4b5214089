import * as z from 'zod';
import type { Environment } from '#lib/environments.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/scored-sql.ts';

const MEMORY = [1024, 2048, 3072, 4096, 5120, 6144];
/** SageMaker's limit of one serverless endpoint. */
const MOST_AT_ONCE = 200;
/** First parts of paths of the API that are not a pipeline's. */
const TAKEN = ['health', 'page', 'predictions', 'vouchers'];

const EndpointSchema = z
  .strictObject({
    memoryMb: z.number().refine((memory) => MEMORY.includes(memory), `use one of ${MEMORY.join(', ')}`),
    maxConcurrency: z.int().min(1).max(MOST_AT_ONCE),
    provisionedConcurrency: z.int().min(1).optional(),
  })
  .refine(({ maxConcurrency, provisionedConcurrency = 0 }) => provisionedConcurrency <= maxConcurrency, {
    path: ['provisionedConcurrency'],
    message: 'use at most maxConcurrency',
  });

const ThrottleSchema = z.strictObject({ rate: z.number().positive(), burst: z.int().min(1) });
const PageSchema = z.strictObject({
  throttle: ThrottleSchema,
  domain: z
    .strictObject({
      name: z.hostname(),
      certificateArn: z
        .string()
        .regex(/^arn:aws[\w-]*:acm:us-east-1:\d{12}:certificate\/[\w-]+$/, 'use one of us-east-1'),
    })
    .optional(),
});

/** Refuses what TypeScript cannot see in an environment, all problems at once, each with the path of its field. */
export function checkEnvironment({ name, serving, pipelines }: Environment, definitions: readonly Pipeline[]): void {
  const problems: string[] = [];
  const check = (path: string, schema: z.ZodType, value: unknown) => {
    for (const issue of schema.safeParse(value).error?.issues ?? [])
      problems.push(`${[path, ...issue.path.map(String)].join('.')}: ${issue.message}`);
  };
  if (serving?.page) check('serving.page', PageSchema, serving.page);
  for (const [pipeline, { endpoint }] of Object.entries(pipelines)) {
    if (!endpoint) continue;
    const path = `pipelines.${pipeline}.endpoint`;
    check(path, EndpointSchema, endpoint);
    const definition = definitions.find((one) => one.name === pipeline);
    if (definition) problems.push(...unsuitable(definition).map((message) => `${path}: ${message}`));
  }
  if (problems.length)
    throw new Error(`Environment ${name} has ${problems.length} problem(s):\n  ${problems.join('\n  ')}`);
}

/** Why the model of a pipeline cannot be served one row at a time. */
function unsuitable(pipeline: Pipeline): string[] {
  const { name, model, predictions } = pipeline;
  if (!model || !predictions) return ['the pipeline has no model'];
  return [
    ...(TAKEN.includes(name) ? [`/${name} is a path of the API already`] : []),
    ...Object.entries(columnTypes(pipeline, model.features)).flatMap(([column, type]) =>
      type === 'date' || type === 'timestamp' ? [`${column} is a ${type}, and rows of the API have none`] : [],
    ),
    ...(predictions.scored ? [] : ['the definition lacks predictions.scored: what one row is answered with']),
    ...(model.kind === 'automl' && model.mode !== 'ENSEMBLING'
      ? ['a serverless endpoint takes models of one container: use mode ENSEMBLING']
      : []),
  ];
}
