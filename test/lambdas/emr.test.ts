import {
  DescribeClusterCommand,
  EMRClient,
  ListClustersCommand,
  ListStepsCommand,
  RunJobFlowCommand,
  TerminateJobFlowsCommand,
} from '@aws-sdk/client-emr';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as check } from '#lambdas/check-emr/handler.ts';
import { clusterRequest } from '#lambdas/start-emr/cluster-request.ts';
import { handler as start } from '#lambdas/start-emr/handler.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { etlPayload, eventOf, runningJob, runOf, settings } from '#test/lambdas/support/world.ts';

const emr = mockClient(EMRClient);
let s3: ReturnType<typeof fakeS3>;
let table: ReturnType<typeof fakeRunTable>;

beforeEach(() => {
  emr.reset();
  s3 = fakeS3();
  table = fakeRunTable();
});

describe('the request for a cluster', () => {
  const request = (attempt: number) => clusterRequest(settings, runOf(), 'features', attempt, 's3://request');
  const core = (attempt: number) =>
    request(attempt).Instances?.InstanceFleets?.find(({ InstanceFleetType }) => InstanceFleetType === 'CORE');

  it('asks for one master on demand, whatever the attempt', () => {
    for (const attempt of [1, 2, 3])
      expect(request(attempt).Instances?.InstanceFleets?.[0]).toEqual({
        Name: 'master',
        InstanceFleetType: 'MASTER',
        InstanceTypeConfigs: [{ InstanceType: 'm5.xlarge', WeightedCapacity: 1 }],
        TargetOnDemandCapacity: 1,
      });
  });

  it('takes core nodes on spot, and gives up on them after a time instead of waiting for ever', () => {
    expect(core(1)).toMatchObject({
      TargetSpotCapacity: 4,
      LaunchSpecifications: { SpotSpecification: { TimeoutAction: 'TERMINATE_CLUSTER' } },
    });
    expect(core(2)).toMatchObject({ TargetSpotCapacity: 4 });
  });

  it('takes them on demand at the last attempt', () => {
    expect(core(3)).toMatchObject({ TargetOnDemandCapacity: 4 });
    expect(core(3)).not.toHaveProperty('TargetSpotCapacity');
  });

  it('ends the cluster with its step, and when it has nothing to do', () => {
    const { Instances, Steps, AutoTerminationPolicy } = request(1);
    expect(Instances).toMatchObject({
      KeepJobFlowAliveWhenNoSteps: false,
      TerminationProtected: false,
      UnhealthyNodeReplacement: true,
    });
    expect(Steps?.[0]?.ActionOnFailure).toBe('TERMINATE_CLUSTER');
    expect(AutoTerminationPolicy?.IdleTimeout).toBe(600);
  });

  it('runs the script with its library on Python 3.11 everywhere', () => {
    const { Steps, Configurations } = request(1);
    expect(Steps?.[0]?.HadoopJarStep).toEqual({
      Jar: 'command-runner.jar',
      Args: [
        'spark-submit',
        '--deploy-mode',
        'client',
        '--py-files',
        's3://assets/library.zip',
        's3://assets/run_queries.py',
        '--request',
        's3://request',
      ],
    });
    expect(JSON.stringify(Configurations?.[0])).toContain('"PYSPARK_PYTHON":"/usr/bin/python3.11"');
    expect(Configurations?.[1]?.Properties).toMatchObject({
      'spark.executorEnv.PYSPARK_PYTHON': '/usr/bin/python3.11',
    });
  });

  it('has roles, network and logs of its own and is tagged for the pipeline’s policies', () => {
    expect(request(1)).toMatchObject({
      ReleaseLabel: 'emr-7.12.0',
      ServiceRole: 'arn:aws:iam::111122223333:role/emr',
      JobFlowRole: 'emr-nodes',
      LogUri: 's3://logs/emr/homes/',
      Instances: { Ec2SubnetIds: ['subnet-1', 'subnet-2'], ServiceAccessSecurityGroup: 'sg-service' },
      Tags: expect.arrayContaining([{ Key: 'presage:pipeline', Value: 'homes' }]),
    });
  });
});

describe('start-emr', () => {
  beforeEach(() => {
    emr.on(RunJobFlowCommand).resolves({ JobFlowId: 'j-1' });
    emr.on(ListClustersCommand).resolves({ Clusters: [] });
  });
  const payload = (more = {}) => etlPayload({ inspection: { uri: '', sound: ['visits', 'survey'] }, ...more });

  it('writes what the script is to do, tables after those they read, absent sources without a place', async () => {
    await start(eventOf(payload()));
    const request = s3.json<Record<string, never>>('s3://sandbox/homes/runs/run-1/request-features-1.json');
    expect(request).toMatchObject({
      runDate: '2020-02-07',
      views: [
        { name: 'homes_raw_visits', format: 'parquet', location: { uri: 's3://raw/homes/visits/', access: 'read' } },
        { name: 'homes_raw_survey', format: 'csv', location: { uri: 's3://raw/homes/survey/', access: 'read' } },
        { name: 'homes_raw_requests', format: 'csv', location: null },
      ],
      queries: [
        {
          table: 'features',
          view: 'homes_features_candidate',
          partitionBy: ['snapshot_date'],
          partitionTypes: { snapshot_date: 'date' },
          columns: { member_id: 'varchar', views: 'bigint', seconds: 'double' },
          location: { uri: 's3://curated/homes/features/run_date=2020-02-07/run=run-1/attempt=1/', access: 'write' },
        },
        {
          table: 'summary',
          location: { uri: 's3://sandbox/homes/summary/run_date=2020-02-07/run=run-1/attempt=1/', access: 'write' },
        },
      ],
      report: { uri: 's3://sandbox/homes/runs/run-1/report-features-1/', access: 'write' },
    });
  });

  it('starts one cluster although the answer was lost and the step is retried', async () => {
    emr
      .on(RunJobFlowCommand)
      .rejectsOnce(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
      .resolves({ JobFlowId: 'j-2' });
    await expect(start(eventOf(payload()))).rejects.toMatchObject({ name: 'ServiceFault' });
    emr.on(ListClustersCommand).resolves({ Clusters: [{ Id: 'j-1', Name: 'presage-test-homes-features-run-1-1' }] });
    const next = await start(eventOf(payload()));
    expect(next.job?.id).toBe('j-1');
    expect(emr.commandCalls(RunJobFlowCommand)).toHaveLength(1);
  });

  it('makes a new cluster and new places for the next attempt', async () => {
    const next = await start(eventOf(payload({ job: runningJob('emr', 'features', { attempt: 2, state: 'RETRY' }) })));
    expect(next.job).toMatchObject({ attempt: 3, id: 'j-1' });
    const [call] = emr.commandCalls(RunJobFlowCommand);
    expect(call?.args[0].input.Name).toBe('presage-test-homes-features-run-1-3');
    expect(table.get(`run#${runOf().executionArn}`, 'job#features#3')).toBeDefined();
  });
});

describe('check-emr', () => {
  const look = (cluster: object, step: object | undefined, job = {}) => {
    emr.on(ListStepsCommand).resolves({ Steps: step ? [{ Id: 's-1', Status: step }] : [] });
    emr.on(DescribeClusterCommand).resolves({ Cluster: { Id: 'emr-id', Status: cluster } });
    return check(eventOf(etlPayload({ job: runningJob('emr', 'features', job) }), { atMostSeconds: 3600 }));
  };

  it('shows how far the cluster is', async () => {
    expect((await look({ State: 'BOOTSTRAPPING' }, { State: 'PENDING' })).job?.progress).toBe(
      'cluster BOOTSTRAPPING, step PENDING',
    );
  });

  it('is done with the step and does not wait for the cluster to go away', async () => {
    const { jobs } = await look({ State: 'TERMINATING' }, { State: 'COMPLETED' }, { attempt: 2 });
    expect(jobs.features).toMatchObject({ attempts: 2, output: 's3://sandbox/homes/runs/run-1/report-features-2/' });
  });

  it('fails in the script’s own words when it left some, and names the log', async () => {
    s3.putJson('s3://sandbox/homes/runs/run-1/report-features-1/error.json', {
      error: 'QueryError',
      message: 'features: no column x',
    });
    const step = { State: 'FAILED', FailureDetails: { Reason: 'Unknown Error.', LogFile: 's3://logs/stderr.gz' } };
    await expect(
      look({ State: 'TERMINATING', StateChangeReason: { Code: 'STEP_FAILURE' } }, step),
    ).rejects.toMatchObject({
      name: 'EmrStepFailed',
      message:
        'The Spark step of EMR cluster emr-id ended as FAILED. QueryError: features: no column x (log: s3://logs/stderr.gz)',
    });
  });

  it('fails in EMR’s words otherwise', async () => {
    const step = { State: 'FAILED', FailureDetails: { Reason: 'Main Class', Message: 'exited with 1' } };
    await expect(look({ State: 'TERMINATING' }, step)).rejects.toThrow(
      'Main Class: exited with 1 (log: s3://logs/emr/homes/emr-id/steps/)',
    );
  });

  it.each([
    [{ Code: 'INSTANCE_FLEET_TIMEOUT', Message: 'no spot' }],
    [{ Code: 'INSTANCE_FAILURE', Message: 'gone' }],
    [{ Code: 'VALIDATION_ERROR', Message: 'Insufficient instance capacity' }],
  ])('tries again when capacity was the reason: %j', async (StateChangeReason) => {
    const { job, notices } = await look({ State: 'TERMINATED_WITH_ERRORS', StateChangeReason }, { State: 'CANCELLED' });
    expect(job?.state).toBe('RETRY');
    expect(notices[0]).toContain('attempt 2 of 3 on spot capacity');
  });

  it('announces the last attempt on demand, and after it gives up', async () => {
    const lost = { State: 'TERMINATED_WITH_ERRORS', StateChangeReason: { Code: 'INSTANCE_FAILURE', Message: 'gone' } };
    expect((await look(lost, undefined, { attempt: 2 })).notices[0]).toContain('attempt 3 of 3 on on-demand capacity');
    await expect(look(lost, undefined, { attempt: 3 })).rejects.toMatchObject({
      name: 'EmrClusterFailed',
      message: expect.stringContaining('All 3 attempts'),
    });
  });

  it('does not try again what a person ended', async () => {
    const ended = {
      State: 'TERMINATED',
      StateChangeReason: { Code: 'USER_REQUEST', Message: 'Terminated by user request' },
    };
    await expect(look(ended, { State: 'CANCELLED' })).rejects.toThrow('CANCELLED');
  });

  it('does not take a script that talks about capacity for lost capacity', async () => {
    const step = { State: 'FAILED', FailureDetails: { Reason: 'exit', Message: 'column spot_capacity is missing' } };
    await expect(
      look({ State: 'TERMINATING', StateChangeReason: { Code: 'STEP_FAILURE' } }, step),
    ).rejects.toMatchObject({ name: 'EmrStepFailed' });
  });

  it('ends the cluster after sixty minutes, whatever it is doing', async () => {
    await expect(look({ State: 'RUNNING' }, { State: 'RUNNING' }, { secondsAgo: 3601 })).rejects.toMatchObject({
      name: 'JobTimedOut',
    });
    expect(emr.commandCalls(TerminateJobFlowsCommand)[0]?.args[0].input).toEqual({ JobFlowIds: ['emr-id'] });
  });
});
