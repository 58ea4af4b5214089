import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { DescribeEndpointCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { newestGreenDay } from '#cli/status/green-day.ts';
import type { Target } from '#cli/target.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { type Prediction, predictionOf } from '#lambdas/shared/http/prediction.ts';
import type { ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { pipelineNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { servingOf } from '#lib/serving/definition.ts';

/** What there is of a pipeline to be asked for. */
export interface Stock {
  /** The day the newest predictions are about, by the runs that were green. */
  runDate?: string | undefined;
  /** One that has not expired. */
  example?: Prediction | undefined;
  /** Why a run is needed; undefined when everything is there. */
  lacks?: string;
}

/** Rows looked at for a key that can be put into an address as it is. */
const EXAMPLES = 200;

export async function stockOf(target: Target, pipeline: Pipeline): Promise<Stock> {
  const served = servingOf(target.environment, [pipeline]).pipelines[pipeline.name];
  const client = new DynamoDBClient(target.client);
  const [runDate, example, endpoint] = await Promise.all([
    newestGreenDay(client, target, pipeline),
    served ? exampleOf(client, served) : undefined,
    endpointLacks(target, pipeline),
  ]);
  if (!runDate) return { example, lacks: 'it has never run' };
  if (served && !example) return { runDate, lacks: 'its predictions have expired' };
  return { runDate, example, ...(endpoint ? { lacks: endpoint } : {}) };
}

/** A prediction, preferably of a key that needs no escapes. */
async function exampleOf(client: DynamoDBClient, served: ServedPipeline): Promise<Prediction | undefined> {
  const now = Date.now();
  let found: Prediction | undefined;
  try {
    for await (const { Items = [] } of paginateScan({ client, pageSize: EXAMPLES }, { TableName: served.table })) {
      for (const item of Items) {
        const prediction = predictionOf(served, item, now);
        if (prediction && isPlain(prediction)) return prediction;
        found ??= prediction;
      }
      if (found) return found;
    }
    return undefined;
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

const isPlain = ({ key }: Prediction) => Object.values(key).every((part) => /^[\w.-]+$/.test(String(part)));

/** An environment that was made before it had endpoints gets one with the next run. */
async function endpointLacks(target: Target, { name }: Pipeline): Promise<string | undefined> {
  if (!target.environment.pipelines[name]?.endpoint) return undefined;
  const EndpointName = pipelineNames(target.environment, name).endpoint;
  try {
    await new SageMakerClient(target.client).send(new DescribeEndpointCommand({ EndpointName }));
    return undefined;
  } catch (error) {
    // Whatever else may be wrong with it is for `presage status` to say; a run would not mend it.
    return /could not find/i.test(String(error)) ? 'it has no endpoint yet' : undefined;
  }
}

/** Where the API answers for it, as a path. */
export const pathOf = ({ pipeline, key }: Prediction): string =>
  ['/predictions', pipeline, ...Object.values(key).map((part) => encodeURIComponent(part))].join('/');
