import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { StopAutoMLJobCommand } from '@aws-sdk/client-sagemaker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StartInput } from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import {
  configurationOf,
  configure,
  deny,
  limitJob,
  type Mend,
  settingsOf,
  withBrokenPages,
} from './faults/breaking.ts';
import { FaultyEnvironment } from './faults/environment.ts';
import { Execution, type Expected, expectRed, holder, PATIENCE } from './faults/executions.ts';

/**
 * What goes wrong inside the deployed state machines, with natural causes, one after the other in one environment:
 * each failure is told once, stops its jobs, gives the pipeline back and leaves what is published as it was.
 *
 * Not here but in test/lambdas, because no natural cause can be timed from outside: a transform that gives back fewer
 * rows than it got (judging). DynamoDB throttling during the push is in the tests of the push script.
 */
let opened: ReturnType<typeof FaultyEnvironment.open> | undefined;
let env: FaultyEnvironment;
const broken: Mend[] = [];
const red: Execution[] = [];

const start = (machine: 'etl' | 'ml', input?: StartInput) => Execution.start(env, machine, input);
const etlFunction = (step: string) => `${env.names.etlMachine}-${step}`;
const mlFunction = (step: string) => `${env.names.mlMachine}-${step}`;
const breakIt = async (mend: Promise<Mend>) => void broken.push(await mend);
const mendAll = async () => {
  for (const mend of broken.splice(0).reverse()) await mend();
};

/** Runs to the red end that is expected. */
async function ends(execution: Execution, expected: Expected): Promise<void> {
  red.push(execution);
  await expectRed(env, execution, expected);
}

/** A survey in which these members gave this answer on the run date, and nobody else any. */
const answersOf = (members: string[], answer: string) =>
  ['member_id,survey_date,buyer_stage', ...members.map((member) => `${member},${env.runDate},${answer}`), ''].join(
    '\n',
  );

/** Rows to judge a model on that all have the same answer: always naming it cannot be beaten. */
const holdoutOfOneClass = () =>
  ['member_id,snapshot_date', ...env.alike.map((member) => `${member},${env.runDate}`), ''].join('\n');

beforeAll(async () => {
  opened = FaultyEnvironment.open();
  env = await opened.ready;
  // Two candidates instead of ten: how good the model is does not matter here.
  await configure(env, mlFunction('start-automl'), ({ Environment: { Variables } }) => {
    const settings = JSON.parse(Variables.SETTINGS ?? '{}');
    settings.capacity.automl.maxCandidates = 2;
    return { Environment: { Variables: { ...Variables, SETTINGS: JSON.stringify(settings) } } };
  });
}, 600_000);

afterAll(() => opened?.close(), 60_000);

describe('the first runs', { timeout: 600_000 }, () => {
  afterEach(mendAll);

  it('compare the Spark table with the same query on Athena when asked to', async () => {
    const { tables, notices } = await (await start('etl', { validate: true })).green<EtlResult>();
    const { rows } = tables.features ?? {};
    expect(notices.join('\n')).toMatch(
      new RegExp(`features: as on Athena, ${rows} rows in all and \\d+ rows of 20 keys compared`),
    );
  });

  it('are red when there is no model and the answers are too few and all the same', async () => {
    const before = await env.published();
    await breakIt(env.putRaw('survey', 'survey.csv', answersOf(env.alike, 'Dreamer')));
    await ends(await start('ml'), {
      step: 'check-training-data',
      error: 'TrainingDataRejected',
      cause: /at least 500 are needed.*all training rows have the same buyer_stage: Dreamer/s,
    });
    expect(await env.published()).toEqual(before);
  });

  it('are red when their model is not above the naive baseline: nothing is pushed, the features stay', async () => {
    const before = await env.published();
    await breakIt(env.putRaw('holdout', 'holdout.csv', holdoutOfOneClass()));
    await ends(await start('ml'), {
      step: 'evaluate',
      error: 'ModelNotAboveBaseline',
      cause: /the naive baseline 1\.0000.*nothing was pushed; the features stay published/s,
    });
    expect(await env.published()).toEqual(before);
    expect(before.pushed).toBe(0);
  });

  it('are red when the push is denied, and no prediction is half told', async () => {
    const before = await env.published();
    const job = await env.roleOfGlueJob(env.names.pushJob);
    await breakIt(deny(env, job, 'dynamodb:BatchWriteItem'));
    await ends(await start('ml'), {
      step: 'check-push-job',
      error: 'GlueJobFailed',
      cause: /BatchWriteItem/,
    });
    const { pushed, features, manifest } = await env.published();
    expect({ pushed, features, manifest }).toEqual({ pushed: 0, features: before.features, manifest: before.manifest });
  });

  it('are green afterwards, with the model there is and the rejected challenger beside it', async () => {
    await breakIt(env.putRaw('holdout', 'holdout.csv', holdoutOfOneClass()));
    const { model, predictions, notices } = await (await start('ml', { train: 'always' })).green<MlResult>();
    expect(model).toMatchObject({
      trained: false,
      decision: 'kept',
      challenger: { id: expect.any(String), reason: expect.stringContaining('not above the naive baseline') },
    });
    expect(model?.challenger?.id).not.toBe(model?.id);
    expect(notices.join('\n')).toMatch(/new model .* was rejected/);
    expect(predictions).toMatchObject({ written: predictions?.rows, failed: 0 });
    expect((await env.published()).pushed).toBe(predictions?.rows);
  });
});

describe('a run that fails leaves what is published as it was', { timeout: 600_000 }, () => {
  let before: Awaited<ReturnType<FaultyEnvironment['published']>>;
  beforeAll(async () => {
    before = await env.published();
  });
  afterEach(mendAll);
  const untouched = async () => expect(await env.published()).toEqual(before);

  it('when a function throws', async () => {
    await breakIt(
      configure(env, etlFunction('resolve-run'), ({ Environment: { Variables } }) => {
        const { SETTINGS, ...others } = Variables;
        return { Environment: { Variables: others } };
      }),
    );
    await ends(await start('etl'), {
      step: 'resolve-run',
      error: 'Error',
      cause: /environment variable SETTINGS is not set/,
    });
    await untouched();
  });

  it('when a function runs out of its time', async () => {
    // A thousand times the same megabyte: a small object that takes long to read.
    const rows = gzipSync(Buffer.from(`m1,${env.runDate},Dreamer\n`.repeat(40_000)));
    const header = gzipSync(Buffer.from('member_id,survey_date,buyer_stage\n'));
    const endless = Buffer.concat([header, ...Array.from({ length: 1_000 }, () => rows)]);
    await breakIt(env.putRaw('survey', 'more.csv.gz', endless));
    await breakIt(configure(env, etlFunction('inspect-sources'), () => ({ Timeout: 1 })));
    await ends(await start('etl'), {
      step: 'inspect-sources',
      error: 'Sandbox.Timedout',
      cause: /timed out after 1/i,
    });
    await untouched();
  });

  it('when a function is denied by its role', async () => {
    const { Role } = await configurationOf(env, etlFunction('start-emr'));
    await breakIt(deny(env, Role, 'elasticmapreduce:RunJobFlow'));
    await ends(await start('etl'), {
      step: 'start-features',
      error: 'AccessDeniedException',
      cause: /not authorized to perform: elasticmapreduce:RunJobFlow/,
    });
    await untouched();
  });

  it('when the Spark script raises, told in its own words', async () => {
    const file = 'consumer_summary_t001.parquet';
    const bytes = withBrokenPages(env.source(file), 'average_lead_dwell_time_seconds');
    await breakIt(env.putRaw('consumer_summary_t001', file, bytes));
    await ends(await start('etl'), {
      step: 'check-features',
      error: 'EmrStepFailed',
      cause: /The Spark step of EMR cluster j-\w+ ended as FAILED\. QueryError: features: /,
    });
    await untouched();
  });

  it('when somebody stops it while Spark is at work', async () => {
    const execution = await start('etl');
    await execution.working('emr', ['RUNNING']);
    await execution.stop();
    await ends(execution, {
      status: 'ABORTED',
      step: 'unknown (ended from outside)',
      error: 'Aborted',
      cause: /Somebody or something stopped the execution.*Jobs that were stopped: emr features/s,
    });
    await untouched();
  });

  it('when the AutoML job fails', async () => {
    const { sagemakerRoleArn } = await settingsOf(env, mlFunction('start-automl'));
    await breakIt(deny(env, sagemakerRoleArn, 's3:GetObject'));
    await ends(await start('ml', { train: 'always' }), {
      step: 'check-automl',
      error: 'AutoMlFailed',
      cause: /ended as Failed .* without a candidate: .*(denied|not authorized|Forbidden)/i,
    });
    await untouched();
  });

  it('when somebody stops the AutoML job', async () => {
    const execution = await start('ml', { train: 'always' });
    const AutoMLJobName = await execution.working('automl', ['InProgress']);
    await env.sagemaker.send(new StopAutoMLJobCommand({ AutoMLJobName }));
    await ends(execution, {
      step: 'check-automl',
      error: 'AutoMlFailed',
      cause: /ended as Stopped .* without a candidate/,
    });
    await untouched();
  });

  it('when the AutoML job is past its time, and that job is stopped', async () => {
    await breakIt(limitJob(env, 'check-automl', 0));
    await ends(await start('ml', { train: 'always' }), {
      step: 'check-automl',
      error: 'JobTimedOut',
      cause: /automl was stopped after/,
    });
    await untouched();
  });
});

describe('the next run', { timeout: 600_000 }, () => {
  let first: Execution;

  it('goes on untouched while a second one is refused', async () => {
    writeFileSync(join(env.state, 'no-spot-capacity'), '');
    await breakIt(env.putRaw('survey', 'survey.csv', answersOf(['nobody'], 'Dreamer')));
    first = await start('etl', { then: 'ml', train: 'always' });
    await expect.poll(() => holder(env), PATIENCE).toBe(first.arn);
    await ends(await start('etl'), {
      step: 'resolve-run',
      error: 'RunInProgress',
      cause: new RegExp(`Another run of buyer-stage is going on: .*${first.name}`),
      holder: first.arn,
    });
  });

  it('is green on on-demand capacity when there was none on spot, and says so', async () => {
    const { notices, jobs } = await first.green<EtlResult>();
    rmSync(join(env.state, 'no-spot-capacity'));
    expect(jobs.features?.attempts).toBe(2);
    expect(notices.join('\n')).toMatch(/was lost .*attempt 2 of 2 on on-demand capacity/);
  });

  it('predicts with the model there is when there is no training data, and says so', async () => {
    const { mlExecution = '' } = await first.green<EtlResult>();
    const { model, predictions, notices } = await Execution.known(env, 'ml', mlExecution).green<MlResult>();
    await mendAll();
    expect(model).toMatchObject({ trained: false, decision: 'kept', challenger: null });
    expect(notices.join('\n')).toMatch(/Predicting with .*: no new model can be trained \(0 training rows/);
    expect((predictions?.written ?? 0) + (predictions?.unchanged ?? 0)).toBe(predictions?.rows);
    expect((await env.published()).pushed).toBe(predictions?.rows);
    expect(await holder(env)).toBeUndefined();
  });

  it('has been told of by no mail, and every red one by exactly one', () => {
    expect(red.map((execution) => execution.mails().length)).toEqual(red.map(() => 1));
    expect(first.mails()).toEqual([]);
  });
});
