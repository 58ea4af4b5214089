import { batchSchema } from '#lambdas/api-predictions-batch/request.ts';
import { jsonBody, valid } from '#lambdas/shared/http/body.ts';
import { client } from '#lambdas/shared/http/client.ts';
import { route } from '#lambdas/shared/http/route.ts';
import { authorized } from '#lambdas/shared/http/scope.ts';
import { readPredictions } from '#lambdas/shared/http/table.ts';

/** `POST /predictions/{pipeline}`: the newest predictions of up to 100 keys, and which keys have none. */
export const handler = route('predictions-batch', async (event) => {
  const pipeline = authorized(event, 'read');
  const { keys } = valid(batchSchema(pipeline), jsonBody(event));
  return { pipeline: pipeline.name, ...(await readPredictions(client, pipeline, keys, Date.now())) };
});
