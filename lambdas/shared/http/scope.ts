import { Refusal } from '#lambdas/shared/http/answer.ts';
import type { HttpEvent } from '#lambdas/shared/http/route.ts';
import { type Action, PAGE } from '#lambdas/shared/http/routes.ts';
import { getServing, type ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { scopeName } from '#lib/names.ts';

/**
 * The pipeline a request is about, if its token allows the action on exactly that one.
 *
 * The authorizer lets a token pass that has any scope of the route, so one for another pipeline passes it: what counts is
 * decided here. The page's routes have no token to look at. 404 for a pipeline that is not served, 403 for one the token is not for.
 */
export function authorized(
  event: HttpEvent,
  action: Action,
  name = event.pathParameters?.pipeline ?? '',
): ServedPipeline {
  const { pipelines } = getServing();
  const pipeline = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined;
  if (!pipeline) throw new Refusal(404, `There is no such pipeline. There are: ${Object.keys(pipelines).join(', ')}.`);
  if (isOpen(event)) return pipeline;
  const wanted = scopeName(pipeline.name, action);
  if (!scopesOf(event).includes(wanted)) throw new Refusal(403, `The token lacks the scope ${wanted}.`);
  return pipeline;
}

/** On a route of the page: the gateway says which one, not the caller, and has asked for no token. */
const isOpen = ({ routeKey = '' }: HttpEvent) => routeKey.startsWith(`POST ${PAGE}/`);

function scopesOf(event: HttpEvent): string[] {
  const authorizer = (event.requestContext as { authorizer?: { jwt?: { claims?: Record<string, unknown> } } })
    .authorizer;
  const scope = authorizer?.jwt?.claims?.scope;
  return typeof scope === 'string' ? scope.split(' ') : [];
}
