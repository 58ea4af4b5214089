import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { isNamed } from '#lambdas/shared/errors.ts';
import { Refusal } from '#lambdas/shared/http/answer.ts';

/** Before the gateway gives up, at 30 seconds, and while whoever asked may still be there. */
const PATIENCE_MS = 20_000;
const COLD = { 'retry-after': '10' };
const NONE = { 'retry-after': '60' };

/** One per process. A second try is for a connection that went stale between two requests. */
export const runtime = new SageMakerRuntimeClient({ maxAttempts: 2, requestHandler: { connectionTimeout: 1_000 } });

/**
 * Has a line scored. An endpoint that is not there, or is just being started, is no fault: 503 says when to come back. A
 * cold start takes longer than anybody waits for a page, so nobody is kept waiting for it.
 */
export async function invoke(EndpointName: string, line: string): Promise<{ model: string | undefined; line: string }> {
  const request = new InvokeEndpointCommand({
    EndpointName,
    ContentType: 'text/csv',
    Accept: 'text/csv',
    Body: Buffer.from(`${line}\n`),
  });
  try {
    const answer = await runtime.send(request, { abortSignal: AbortSignal.timeout(PATIENCE_MS) });
    return { model: answer.InvokedProductionVariant, line: Buffer.from(answer.Body ?? []).toString('utf8') };
  } catch (error) {
    // What it says of a name it does not know, and of an endpoint that serves nothing: the request itself is sound.
    if (isNamed(error, 'ValidationError'))
      throw new Refusal(503, 'There is no model to score with yet: try again later.', [], NONE);
    if (isNamed(error, 'ModelNotReadyException', 'AbortError', 'TimeoutError') || isSlow(error))
      throw new Refusal(503, 'The model is being started: try again.', [], COLD);
    throw error;
  }
}

/** A container that did not answer in its time. */
const isSlow = (error: unknown) =>
  isNamed(error, 'ModelError') && /timed out|did not respond|timeout/i.test(error.message);
