import type { EtlPayload, Job, MlPayload, Run, StepEvent } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';

/** Settings as the constructs make them, for the pipeline `homes` in pipeline.json. */
export const settings: Settings = {
  environment: 'test',
  pipeline: 'homes',
  account: '111122223333',
  region: 'eu-west-1',
  rawBucket: 'raw',
  curatedBucket: 'curated',
  sandboxBucket: 'sandbox',
  logBucket: 'logs',
  database: 'presage_test',
  workgroup: 'presage-test',
  runTable: 'presage-test-runs',
  alertTopic: 'arn:aws:sns:eu-west-1:111122223333:presage-test-alerts',
  announcementTopic: 'arn:aws:sns:eu-west-1:111122223333:presage-test-announcements',
  sources: {
    visits: { location: 's3://raw/homes/visits/', format: 'parquet' },
    survey: { location: 's3://raw/homes/survey/', format: 'csv' },
    requests: { location: 's3://raw/homes/requests/', format: 'csv' },
  },
  etlMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:presage-test-homes-etl',
  mlMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:presage-test-homes-ml',
  predictionTable: 'presage-test-homes-predictions',
  queriesJob: 'presage-test-homes-run-queries',
  datasetsJob: 'presage-test-homes-make-datasets',
  pushJob: 'presage-test-homes-push',
  scripts: { runQueries: 's3://assets/run_queries.py', library: 's3://assets/library.zip' },
  sagemakerRoleArn: 'arn:aws:iam::111122223333:role/sagemaker',
  sagemakerPrefix: 'pr12345678',
  emr: {
    serviceRoleArn: 'arn:aws:iam::111122223333:role/emr',
    instanceProfile: 'emr-nodes',
    instanceRoleArn: 'arn:aws:iam::111122223333:role/emr-nodes',
    subnetIds: ['subnet-1', 'subnet-2'],
    releaseLabel: 'emr-7.12.0',
    securityGroups: { master: 'sg-master', core: 'sg-core', service: 'sg-service' },
  },
  capacity: {
    automl: { maxCandidates: 10, maxRuntimeSeconds: 600, maxRuntimePerTrainingJobSeconds: 60 },
    training: { instanceType: 'ml.m5.xlarge', maxRuntimeSeconds: 900 },
    transform: { instanceType: 'ml.m5.large', instanceCount: 2, maxConcurrent: 5, maxPayloadMb: 10 },
    glue: { workerType: 'G.1X', workers: 2 },
    emr: { masterInstanceType: 'm5.xlarge', coreInstanceType: 'r5.2xlarge', coreNodes: 4, attempts: 3, maxMinutes: 60 },
  },
  timeToLiveDays: 7,
  poll: { firstSeconds: 5, capSeconds: 60 },
};
process.env.SETTINGS = JSON.stringify(settings);

export const RUN_DATE = '2020-02-07';

/** Names and ARNs of an execution of one of the two machines. */
export function executionOf(machine: 'etl' | 'ml', execution = 'run-1') {
  return {
    execution,
    executionArn: `arn:aws:states:eu-west-1:111122223333:execution:presage-test-homes-${machine}:${execution}`,
  };
}

export function runOf(machine: 'etl' | 'ml' = 'etl', execution = 'run-1'): Run {
  return {
    environment: 'test',
    pipeline: 'homes',
    machine,
    ...executionOf(machine, execution),
    runDate: RUN_DATE,
    startedAt: '2020-02-07T10:00:00.000Z',
  };
}

export const etlPayload = (more: Partial<EtlPayload> = {}): EtlPayload => ({
  start: { runDate: RUN_DATE },
  run: runOf('etl'),
  jobs: {},
  notices: [],
  ...more,
});

export const mlPayload = (more: Partial<MlPayload> = {}): MlPayload => ({
  start: { runDate: RUN_DATE },
  run: runOf('ml'),
  jobs: {},
  notices: [],
  ...more,
});

/** The event of a step, as the state machine builds it. */
export function eventOf<I extends object, A = Record<string, never>>(
  input: I,
  args = {} as A,
  machine: 'etl' | 'ml' = 'etl',
): StepEvent<I, A> {
  const run = (input as { run?: Run }).run;
  const { execution, executionArn } = run ?? executionOf(machine);
  return { input, args, context: { execution, executionArn, startedAt: '2020-02-07T10:00:00.000Z', state: 'state' } };
}

/** A job of the loop that began some seconds ago. */
export const runningJob = (kind: Job['kind'], step: string, more: Partial<Job> & { secondsAgo?: number } = {}): Job => {
  const { secondsAgo = 10, ...rest } = more;
  const startedAt = new Date(Date.now() - secondsAgo * 1000).toISOString();
  return { kind, step, key: step, attempt: 1, id: `${kind}-id`, startedAt, wait: 5, state: 'RUNNING', ...rest };
};

export const finished = (kind: Job['kind'], output?: string, attempts = 1) => ({
  kind,
  id: `${kind}-id`,
  seconds: 1,
  attempts,
  output,
});
