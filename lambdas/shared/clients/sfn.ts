import { SFNClient } from '@aws-sdk/client-sfn';

/** One client per process: connections and credentials are reused by later invocations. */
export const sfn = new SFNClient({});
