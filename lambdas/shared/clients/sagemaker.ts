import { SageMakerClient } from '@aws-sdk/client-sagemaker';

/** One client per process: connections and credentials are reused by later invocations. */
export const sagemaker = new SageMakerClient({});
