import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach } from 'vitest';
import { fakeRunTable } from './fake-run-table.ts';

/** The data sets of a run as its Spark job has reported them. */
export const datasets = {
  trainRows: 600,
  validationRows: 150,
  holdoutRows: 180,
  inferenceRows: 50,
  classes: {},
  holdoutUnmatched: 0,
  locations: {
    train: 's3://d/train/',
    validation: 's3://d/validation/',
    holdout: 's3://d/holdout/',
    inference: 's3://d/inference/',
  },
};

/** What SageMaker says to a second job of a name. */
export const inUseByAws = () => Object.assign(new Error('already exists'), { name: 'ResourceInUse' });

/** A SageMaker that agrees to everything, and an empty run table, new for each test of the file. */
export function fakeSageMaker() {
  const sagemaker = mockClient(SageMakerClient);
  beforeEach(() => {
    sagemaker.reset();
    sagemaker.onAnyCommand().resolves({});
    fakeRunTable();
  });
  return sagemaker;
}
