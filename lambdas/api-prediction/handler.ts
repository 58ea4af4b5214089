import { Refusal } from '#lambdas/shared/http/answer.ts';
import { valid } from '#lambdas/shared/http/body.ts';
import { client } from '#lambdas/shared/http/client.ts';
import { keyOfPath } from '#lambdas/shared/http/keys.ts';
import { route } from '#lambdas/shared/http/route.ts';
import { authorized } from '#lambdas/shared/http/scope.ts';
import { noQuerySchema, pageQuerySchema, readPartition, readPrediction } from '#lambdas/shared/http/table.ts';

/**
 * `GET /predictions/{pipeline}/{key…}`: the newest prediction of a key, or, with the first part of a composite key
 * alone, a page of all predictions below it.
 */
export const handler = route('prediction', async (event) => {
  const pipeline = authorized(event, 'read');
  const { key, whole } = keyOfPath(pipeline, event.pathParameters?.key ?? '');
  const query = valid(whole ? noQuerySchema : pageQuerySchema, { ...event.queryStringParameters });
  if (whole) {
    const found = await readPrediction(client, pipeline, key, Date.now());
    if (!found) throw new Refusal(404, 'There is no prediction for this key, or it has expired.');
    return found;
  }
  const page = await readPartition(client, pipeline, key, query, Date.now());
  if (!page.predictions.length && !page.next && !('after' in query))
    throw new Refusal(404, 'There are no predictions below this key, or they have expired.');
  return { pipeline: pipeline.name, ...page };
});
