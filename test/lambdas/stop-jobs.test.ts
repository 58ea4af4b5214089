import { AthenaClient, StopQueryExecutionCommand } from '@aws-sdk/client-athena';
import { EMRClient, ListClustersCommand, TerminateJobFlowsCommand } from '@aws-sdk/client-emr';
import { BatchStopJobRunCommand, GetJobRunsCommand, GlueClient } from '@aws-sdk/client-glue';
import { SageMakerClient, StopAutoMLJobCommand, StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as stopJobs } from '#lambdas/stop-jobs/handler.ts';
import { executionArn, failure, putJob } from '#test/lambdas/support/failing.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { etlPayload, eventOf } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);
const emr = mockClient(EMRClient);
const glue = mockClient(GlueClient);
const sagemaker = mockClient(SageMakerClient);
let table: ReturnType<typeof fakeRunTable>;

const job = (key: string, kind: string, more = {}) => putJob(table, key, kind, more);
beforeEach(() => {
  for (const mock of [athena, emr, glue, sagemaker]) mock.reset();
  glue.on(BatchStopJobRunCommand).resolves({});
  table = fakeRunTable();
  table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn });
});

describe('stop-jobs', () => {
  const stop = () => stopJobs(eventOf({ ...etlPayload(), failure } as never));

  it('stops whatever of the run has not been seen to end, and gives the pipeline back', async () => {
    job('features', 'emr', { id: 'j-1' });
    job('quality', 'athena', { id: 'q-1' });
    job('push', 'glue', { id: 'jr-1' });
    job('automl', 'automl', { id: 'a-1' });
    job('transform-holdout-m', 'transform', { id: 't-1' });
    job('profile', 'athena', { id: 'q-0', ended: true });
    expect((await stop()).stopped.sort()).toEqual([
      'athena quality',
      'automl automl',
      'emr features',
      'glue push',
      'transform transform-holdout-m',
    ]);
    expect(emr.commandCalls(TerminateJobFlowsCommand)[0]?.args[0].input).toEqual({ JobFlowIds: ['j-1'] });
    expect(
      athena.commandCalls(StopQueryExecutionCommand).map(({ args: [{ input }] }) => input.QueryExecutionId),
    ).toEqual(['q-1']);
    expect(glue.commandCalls(BatchStopJobRunCommand)[0]?.args[0].input).toEqual({
      JobName: 'presage-test-homes-push',
      JobRunIds: ['jr-1'],
    });
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)[0]?.args[0].input).toEqual({ AutoMLJobName: 'a-1' });
    expect(sagemaker.commandCalls(StopTransformJobCommand)[0]?.args[0].input).toEqual({ TransformJobName: 't-1' });
    expect(table.get('pipeline#homes', 'lock')).toBeUndefined();
  });

  it('finds jobs whose id nobody wrote down', async () => {
    job('features', 'emr');
    job('push', 'glue');
    job('automl', 'automl');
    emr.on(ListClustersCommand).resolves({ Clusters: [{ Id: 'j-lost', Name: 'name-features' }] });
    glue
      .on(GetJobRunsCommand)
      .resolves({ JobRuns: [{ Id: 'jr-lost', Arguments: { '--presage-start': 'name-push' } }] });
    expect((await stop()).stopped).toHaveLength(3);
    expect(emr.commandCalls(TerminateJobFlowsCommand)[0]?.args[0].input).toEqual({ JobFlowIds: ['j-lost'] });
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)[0]?.args[0].input).toEqual({ AutoMLJobName: 'name-automl' });
  });

  it('takes a job that is over for stopped, and stops nothing twice', async () => {
    job('automl', 'automl', { id: 'a-1' });
    sagemaker
      .on(StopAutoMLJobCommand)
      .rejects(Object.assign(new Error('is in status Completed'), { name: 'ValidationException' }));
    expect(await stop()).toEqual({ stopped: [] });
    await stop();
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)).toHaveLength(1);
  });

  it('stops the others when one cannot be stopped, gives the pipeline back, and says which', async () => {
    job('features', 'emr', { id: 'j-1' });
    job('quality', 'athena', { id: 'q-1' });
    emr
      .on(TerminateJobFlowsCommand)
      .rejects(Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' }));
    await expect(stop()).rejects.toMatchObject({
      name: 'JobsNotStopped',
      message: 'Still running and to be stopped by hand: emr features (j-1): not allowed',
    });
    expect(athena.commandCalls(StopQueryExecutionCommand)).toHaveLength(1);
    expect(table.get('pipeline#homes', 'lock')).toBeUndefined();
  });

  it('leaves a pipeline that another execution holds to it', async () => {
    table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn: 'another' });
    await stop();
    expect(table.get('pipeline#homes', 'lock')).toBeDefined();
  });
});
