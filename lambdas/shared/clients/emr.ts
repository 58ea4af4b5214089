import { EMRClient } from '@aws-sdk/client-emr';

/** One client per process: connections and credentials are reused by later invocations. */
export const emr = new EMRClient({});
