/**
 * Errors that the same request may cure later: throttling and faults of a service, by the names the SDK gives them.
 * The state machines retry these and nothing else; a wrong input fails at once.
 */
export const RETRYABLE_ERRORS = [
  // What `step` calls a 5xx answer or a broken connection whose own name says nothing.
  'ServiceFault',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'TransactionInProgressException',
  'SlowDown',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'InternalServerException',
  'InternalServiceException',
  'OperationTimeoutException',
  'ConcurrentModificationException',
  // Lambda's own, before the handler was reached.
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ClientExecutionTimeoutException',
] as const;

const NAMES = new Set<string>(RETRYABLE_ERRORS);

/** Of the network, not of a service: nothing was answered. */
const CONNECTION_CODES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

/** Whether a later identical request may succeed, though the error's own name does not say so. */
export function isServiceFault(error: unknown): boolean {
  if (!(error instanceof Error) || NAMES.has(error.name)) return false;
  const { code, $metadata, $retryable } = error as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $retryable?: unknown;
  };
  if (typeof code === 'string' && CONNECTION_CODES.has(code)) return true;
  return Boolean($retryable) || ($metadata?.httpStatusCode ?? 0) >= 500;
}
