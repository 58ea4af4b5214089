import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { isNamed } from '#lambdas/shared/errors.ts';
import { type Answer, answer, Refusal, refuse } from '#lambdas/shared/http/answer.ts';
import { isServiceFault, RETRYABLE_ERRORS } from '#lambdas/shared/retryable.ts';

/** A request behind the JWT authorizer, or, on the open routes, without what it adds. */
export type HttpEvent = APIGatewayProxyEventV2 &
  Partial<Pick<APIGatewayProxyEventV2WithJWTAuthorizer, 'requestContext'>>;

const logger = new Logger();

/**
 * Wraps the handler of a route: every answer has the security headers, every refusal the same shape, and nothing of the
 * inside is told. The log has the route, the status and the time; of a fault its name and where it happened. Keys,
 * bodies and messages of services, which may quote them, are in no log.
 */
export function route(name: string, work: (event: HttpEvent) => Promise<unknown>) {
  return async (event: HttpEvent): Promise<Answer> => {
    const started = performance.now();
    const done = await work(event).then((content) => answer(200, content), refusalOf);
    const { statusCode } = done;
    const requestId = event.requestContext?.requestId;
    logger.info('answered', { route: name, status: statusCode, requestId, milliseconds: ms(started) });
    return done;
  };
}

const ms = (started: number) => Math.round((performance.now() - started) * 10) / 10;
const RETRY = { 'retry-after': '1' };

function refusalOf(error: unknown): Answer {
  if (error instanceof Refusal) return refuse(error);
  const { name, stack = '', $metadata } = error as Error & { $metadata?: { requestId?: string } };
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  logger.error('failed', { error: name, serviceRequestId: $metadata?.requestId, frames });
  if (isNamed(error, 'ResourceNotFoundException'))
    return refuse(new Refusal(503, 'There are no predictions here yet: try again later.', [], { 'retry-after': '60' }));
  if (isNamed(error, ...RETRYABLE_ERRORS, 'TimeoutError') || isServiceFault(error))
    return refuse(new Refusal(503, 'The predictions cannot be read at the moment: try again.', [], RETRY));
  return refuse(new Refusal(500, 'Something went wrong on our side.'));
}
