import { AthenaClient } from '@aws-sdk/client-athena';

/** One client per process: connections and credentials are reused by later invocations. */
export const athena = new AthenaClient({});
