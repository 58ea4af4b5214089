import { SNSClient } from '@aws-sdk/client-sns';

/** One client per process: connections and credentials are reused by later invocations. */
export const sns = new SNSClient({});
