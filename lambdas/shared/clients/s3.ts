import { S3Client } from '@aws-sdk/client-s3';

/** One client per process: connections and credentials are reused by later invocations. */
export const s3 = new S3Client({});
