import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openTarget } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { environmentNamed, type Target } from '#cli/target.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { Refusal } from '#lambdas/shared/http/answer.ts';
import { type Key, keyOf } from '#lambdas/shared/http/keys.ts';
import type { Prediction } from '#lambdas/shared/http/prediction.ts';
import type { ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { readPartition, readPrediction } from '#lambdas/shared/http/table.ts';
import { loadPipeline } from '#lib/pipelines/index.ts';
import { servingOf } from '#lib/serving/definition.ts';

/** `presage predictions PIPELINE KEY…`: what the API would answer, read from the table with one's own credentials. */
export async function predictions(
  context: Context,
  name: string,
  parts: string[],
  options: { env: string; state?: string },
): Promise<number> {
  const pipeline = await served(name, options.env);
  const { key, whole } = asProblem(2, () => keyOf(pipeline, parts));
  const target = await openTarget(context, options);
  const found = await read(target, pipeline, key, whole);
  if (!found.length) throw new Problem(`There is no prediction of ${name} for this key, or it has expired.`);
  console.log(JSON.stringify(whole ? found[0] : found, null, 2));
  return 0;
}

async function served(name: string, env: string): Promise<ServedPipeline> {
  const definition = await loadPipeline(name).catch((error: Error) => {
    throw new Problem(error.message, 2);
  });
  const pipeline = servingOf(environmentNamed(env), [definition]).pipelines[name];
  if (!pipeline) throw new Problem(`${name} serves no predictions in the environment ${env}.`, 2);
  return pipeline;
}

/** What is refused of an API's caller is told to a person in the same words. */
function asProblem<T>(exitCode: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const problems = error.problems.map(({ field, message }) => `  ${field}: ${message}`);
    throw new Problem([error.message, ...problems].join('\n'), exitCode);
  }
}

async function read(target: Target, pipeline: ServedPipeline, key: Key, whole: boolean): Promise<Prediction[]> {
  const client = new DynamoDBClient(target.client);
  const now = Date.now();
  try {
    if (whole) return [(await readPrediction(client, pipeline, key, now)) ?? []].flat();
    const all: Prediction[] = [];
    let after: string | undefined;
    do {
      const page = await readPartition(client, pipeline, key, { after }, now);
      all.push(...page.predictions);
      after = page.next;
    } while (after);
    return all;
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
    const { name } = pipeline;
    const { name: env } = target.environment;
    const how = env === 'local' ? `npx presage run ${name}` : `npx cdk deploy '${env}/*'`;
    throw new Problem(`The environment ${env} has no table of predictions of ${name} yet: \`${how}\`.`);
  }
}
