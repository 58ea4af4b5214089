import { GlueClient } from '@aws-sdk/client-glue';

/** One client per process: connections and credentials are reused by later invocations. */
export const glue = new GlueClient({});
