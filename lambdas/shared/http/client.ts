import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * The client of the API's handlers: one per process, and impatient, because somebody is waiting. The low-level one: what
 * is read has a handful of attributes, and a number of more digits than JavaScript has must not break an answer.
 */
export const client = new DynamoDBClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000 },
});
