import { scoreOf } from '#lambdas/api-score/answer.ts';
import { invoke } from '#lambdas/api-score/endpoint.ts';
import { recordOf, rowOf, scoringOf } from '#lambdas/api-score/request.ts';
import { route } from '#lambdas/shared/http/route.ts';
import { authorized } from '#lambdas/shared/http/scope.ts';

/** The pipeline of `POST /reorder/score` and of the same below `/page`: every pipeline has a route of its own. */
const ROUTE = /^POST (?:\/page)?\/([^/]+)\/score$/;

/** `POST /<pipeline>/score`: one row, by the pipeline's current model, told as the batch tells its predictions. */
export const handler = route('score', async (event) => {
  const [, name = ''] = ROUTE.exec(event.routeKey ?? '') ?? [];
  const pipeline = authorized(event, 'score', name);
  const scoring = scoringOf(pipeline);
  const row = rowOf(event, pipeline);
  const { model, line } = await invoke(scoring.endpoint, recordOf(row, scoring));
  return scoreOf(pipeline, model, line);
});
