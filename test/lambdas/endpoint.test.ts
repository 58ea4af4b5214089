import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListEndpointConfigsCommand,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as check } from '#lambdas/check-endpoint/handler.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { stopOpenJobs } from '#lambdas/shared/stop-open-jobs.ts';
import { handler as update } from '#lambdas/update-endpoint/handler.ts';
import { dayOfEndpointConfig, endpointConfigName } from '#lib/names.ts';
import { withSettings } from '#test/lambdas/support/definition.ts';
import { fakeSageMaker } from '#test/lambdas/support/sagemaker.ts';
import { eventOf, mlPayload, RUN_DATE, runningJob, runOf } from '#test/lambdas/support/world.ts';

const sagemaker = fakeSageMaker();
const NAME = 'presage-test-homes';
const serverless = { MemorySizeInMB: 2048, MaxConcurrency: 5 };
const run = runOf('ml');
/** What this run calls its configuration, at its first attempt and at the second. */
const [MINE, SECOND] = [1, 2].map((attempt) => endpointConfigName('test', 'homes', run, attempt)) as [string, string];
const configOf = (runDate: string, execution = 'earlier') =>
  endpointConfigName('test', 'homes', { runDate, execution });
const OLD = configOf('2020-02-01');
/** Of the pipeline's configurations as SageMaker lists them. */
const prefix = MINE.slice(0, 10);

const asAws = (message: string, name = 'ValidationException') => Object.assign(new Error(message), { name });
const none = () => asAws('Could not find endpoint "arn:aws:sagemaker:eu-west-1:1:endpoint/presage-test-homes".');

const model = { id: 'model-new', trainedFor: RUN_DATE, trainRows: 750, features: ['views', 'seconds'] };
const choice = { decision: 'train' as const, reason: '', use: model };

beforeEach(() => {
  withSettings({
    sagemakerPrefix: prefix,
    endpoint: { name: NAME, memoryMb: 2048, maxConcurrency: 5 },
  });
  sagemaker.on(DescribeModelCommand).resolves({ Containers: [{ Image: 'one' }] });
});

/** An endpoint in service with a configuration of another model. */
function inService(config = OLD, serves = 'model-old', more = {}) {
  sagemaker.on(DescribeEndpointCommand).resolves({
    EndpointStatus: 'InService',
    EndpointConfigName: config,
    ProductionVariants: [{ VariantName: serves }],
    ...more,
  } as object);
  sagemaker.on(DescribeEndpointConfigCommand, { EndpointConfigName: config }).resolves({
    ProductionVariants: [{ VariantName: serves, ModelName: serves, ServerlessConfig: serverless }],
  } as object);
}
const is = (EndpointStatus: string, EndpointConfigName = OLD, more = {}) =>
  sagemaker.on(DescribeEndpointCommand).resolves({ EndpointStatus, EndpointConfigName, ...more } as object);

const begin = (more: Partial<MlPayload> = {}) => update(eventOf(mlPayload({ model: choice, ...more })));
const calls = (...commands: Parameters<typeof sagemaker.commandCalls>[0][]) =>
  commands.flatMap((command) => sagemaker.commandCalls(command).map((call) => call.args[0].input as object));
const changes = () =>
  calls(CreateEndpointConfigCommand, CreateEndpointCommand, UpdateEndpointCommand, DeleteEndpointCommand);

describe('the name of a configuration', () => {
  it('says for which day it was made, and is within what SageMaker allows', () => {
    expect(dayOfEndpointConfig(MINE)).toBe(RUN_DATE);
    expect(dayOfEndpointConfig('made-by-hand')).toBeUndefined();
    expect(MINE).toMatch(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
    expect(new Set([MINE, SECOND, OLD]).size).toBe(3);
  });
});

describe('giving the endpoint a model', () => {
  it('makes the endpoint where there is none, with a variant named after the model', async () => {
    sagemaker.on(DescribeEndpointCommand).rejects(none());
    const { job, endpoint } = await begin();
    expect(calls(CreateEndpointConfigCommand)).toEqual([
      expect.objectContaining({
        EndpointConfigName: MINE,
        ProductionVariants: [{ VariantName: 'model-new', ModelName: 'model-new', ServerlessConfig: serverless }],
      }),
    ]);
    expect(calls(CreateEndpointCommand)).toMatchObject([{ EndpointName: NAME, EndpointConfigName: MINE }]);
    expect(endpoint).toEqual({ endpoint: NAME, model: 'model-new', decision: 'created' });
    expect(job).toMatchObject({ kind: 'endpoint', step: 'endpoint', id: MINE, state: 'RUNNING' });
  });

  it('updates one that serves another model', async () => {
    inService();
    const { endpoint } = await begin();
    expect(calls(UpdateEndpointCommand)).toEqual([{ EndpointName: NAME, EndpointConfigName: MINE }]);
    expect(calls(CreateEndpointCommand, DeleteEndpointConfigCommand)).toEqual([]);
    expect(endpoint).toMatchObject({ model: 'model-new', decision: 'updated' });
  });

  it('changes nothing when it serves this model already', async () => {
    inService(OLD, 'model-new');
    const { job, endpoint } = await begin();
    expect(changes()).toEqual([]);
    expect([job?.id, endpoint?.decision]).toEqual(['none', 'kept']);
  });

  it('gives it more memory for the same model when the environment says so', async () => {
    inService(OLD, 'model-new');
    withSettings({ endpoint: { name: NAME, memoryMb: 4096, maxConcurrency: 5, provisionedConcurrency: 1 } });
    await begin();
    expect(calls(CreateEndpointConfigCommand)).toMatchObject([
      { ProductionVariants: [{ ServerlessConfig: { MemorySizeInMB: 4096, ProvisionedConcurrency: 1 } }] },
    ]);
    expect(calls(UpdateEndpointCommand)).toHaveLength(1);
  });

  it('leaves one that was made for a later day, and says which model it serves', async () => {
    inService(configOf('2020-02-08'), 'model-later');
    const { job, endpoint, notices } = await begin();
    expect(changes()).toEqual([]);
    expect([job?.id, endpoint]).toEqual(['none', { endpoint: NAME, model: 'model-later', decision: 'left' }]);
    expect(notices.join()).toContain('goes on serving model-later, which it was given for 2020-02-08');
  });

  it('updates one of the same day: the day has been run again', async () => {
    inService(configOf(RUN_DATE));
    expect((await begin()).endpoint?.decision).toBe('updated');
  });

  it('refuses a model of several containers before anything is made', async () => {
    sagemaker.on(DescribeEndpointCommand).rejects(none());
    sagemaker.on(DescribeModelCommand).resolves({ Containers: [{}, {}, {}] });
    await expect(begin()).rejects.toMatchObject({
      name: 'EndpointNotUpdated',
      message: expect.stringContaining('has 3 containers, and a serverless endpoint takes one'),
    });
    expect(changes()).toEqual([]);
  });

  it('waits for a change that is under way, and for the end of one that failed, before its own', async () => {
    is('Updating');
    expect((await begin()).job).toMatchObject({ id: 'waiting', state: 'RUNNING' });
    expect(changes()).toEqual([]);
    is('Failed');
    const { job } = await begin({ job: runningJob('endpoint', 'endpoint', { state: 'RETRY' }) });
    expect(job).toMatchObject({ id: 'waiting', attempt: 2 });
    expect(changes()).toEqual([{ EndpointName: NAME }]); // deleted: it serves nothing
  });

  it('says what to do about one that no run can mend', async () => {
    is('UpdateRollbackFailed', OLD, { FailureReason: 'half of it' });
    await expect(begin()).rejects.toMatchObject({
      name: 'EndpointNotUpdated',
      message: expect.stringContaining('aws sagemaker delete-endpoint --endpoint-name presage-test-homes'),
    });
  });

  describe('when the step is retried', () => {
    it('finds its own change under way', async () => {
      for (const status of ['Creating', 'Updating']) {
        is(status, OLD, { PendingDeploymentSummary: { EndpointConfigName: MINE } });
        expect((await begin({ run: runOf('ml', 'run-1') })).job?.id).toBe(MINE);
      }
      expect(changes()).toEqual([]);
    });

    it('finds its configuration and its endpoint made', async () => {
      sagemaker.on(DescribeEndpointCommand).rejects(none());
      sagemaker.on(CreateEndpointConfigCommand).rejects(asAws('Cannot create already existing endpoint configuration'));
      sagemaker.on(CreateEndpointCommand).rejects(asAws('Cannot create already existing endpoint'));
      expect((await begin()).job?.id).toBe(MINE);
    });

    it('does not take another refusal for that', async () => {
      inService();
      sagemaker.on(CreateEndpointConfigCommand).rejects(asAws('Could not find model "model-new"'));
      await expect(begin()).rejects.toThrow('Could not find model');
      expect(calls(UpdateEndpointCommand)).toEqual([]);
    });
  });
});

describe('looking at the endpoint', () => {
  const look = (job = {}, more: Partial<MlPayload> = {}) =>
    check(
      eventOf(
        mlPayload({
          job: runningJob('endpoint', 'endpoint', { id: MINE, ...job }),
          model: choice,
          endpoint: { endpoint: NAME, model: 'model-new', decision: 'updated' },
          ...more,
        }),
        { atMostSeconds: 1800 },
      ),
    );
  const deleted = () => calls(DeleteEndpointConfigCommand).map((input) => Object.values(input)[0]);
  const there = (...names: string[]) =>
    sagemaker
      .on(ListEndpointConfigsCommand)
      .resolvesOnce({
        EndpointConfigs: names.slice(0, 1).map((n) => ({ EndpointConfigName: n })),
        NextToken: 'more',
      } as object)
      .resolves({ EndpointConfigs: names.slice(1).map((n) => ({ EndpointConfigName: n })) } as object);
  beforeEach(() => {
    there(OLD, MINE, `x${prefix}-another`);
  });

  it('goes on while it changes, and deletes nothing', async () => {
    for (const status of ['Creating', 'Updating', 'RollingBack', 'SystemUpdating']) {
      is(status);
      expect((await look()).job).toMatchObject({ state: 'RUNNING', progress: status });
    }
    expect(deleted()).toEqual([]);
  });

  it('ends when it serves the model, and only then deletes what is not used any more', async () => {
    inService(MINE, 'model-new');
    const { job, jobs } = await look();
    expect([job?.state, jobs.endpoint?.output]).toEqual(['SUCCEEDED', 'model-new']);
    expect(deleted()).toEqual([OLD]);
  });

  it('takes a configuration that is gone already for deleted', async () => {
    inService(MINE, 'model-new');
    sagemaker.on(DeleteEndpointConfigCommand).rejects(asAws('Could not find endpoint configuration "x".'));
    expect((await look()).job?.state).toBe('SUCCEEDED');
  });

  it('fails when SageMaker has gone back, says which model goes on, and deletes the unused configuration', async () => {
    inService(OLD, 'model-old', { FailureReason: 'the container did not start' });
    await expect(look()).rejects.toMatchObject({
      name: 'EndpointNotUpdated',
      message: expect.stringMatching(
        /could not be given the model model-new: the container did not start\. It goes on serving the model model-old\./,
      ),
    });
    expect(deleted()).toEqual([MINE]);
    const pushed = look({}, { predictions: { rows: 1, location: 's3://p/' } });
    await expect(pushed).rejects.toThrow(/model-old\. The predictions of this run are published\.$/);
  });

  it('fails when it could not be created, says that nothing is served, and leaves no configuration', async () => {
    is('Failed', MINE, { FailureReason: 'no such image' });
    await expect(look()).rejects.toMatchObject({
      name: 'EndpointNotUpdated',
      message: expect.stringContaining('no such image. It serves no model'),
    });
    expect(deleted()).toEqual([OLD, MINE]);
  });

  it('keeps the reason when the clean-up fails as well', async () => {
    inService(OLD, 'model-old', { FailureReason: 'the container did not start' });
    sagemaker.on(DeleteEndpointConfigCommand).rejects(asAws('no', 'AccessDeniedException'));
    await expect(look()).rejects.toThrow('the container did not start');
  });

  it('that somebody has deleted is a failure too', async () => {
    sagemaker.on(DescribeEndpointCommand).rejects(none());
    await expect(look()).rejects.toThrow('it was deleted meanwhile');
  });

  it('goes back to the start when another change has ended, but not for ever', async () => {
    inService();
    const { job, notices } = await look({ id: 'waiting' });
    expect([job?.state, notices.length]).toEqual(['RETRY', 1]);
    sagemaker.on(DescribeEndpointCommand).rejects(none());
    expect((await look({ id: 'waiting' })).job?.state).toBe('RETRY'); // one that had failed is deleted now
    await expect(look({ id: 'waiting', attempt: 3 })).rejects.toMatchObject({ name: 'EndpointNotUpdated' });
  });

  it('ends at once where there was nothing to do', async () => {
    expect((await look({ id: 'none' })).job?.state).toBe('SUCCEEDED');
    expect(sagemaker.calls()).toHaveLength(0);
  });

  it('gives up past its time, stops nothing and deletes nothing: SageMaker ends it', async () => {
    is('Updating');
    await expect(look({ secondsAgo: 1801 })).rejects.toMatchObject({
      name: 'EndpointNotUpdated',
      message: expect.stringContaining('is still Updating after 30 min 1 s'),
    });
    expect([...changes(), ...deleted()]).toEqual([]);
  });

  it('is nothing that a failed run can stop', async () => {
    is('Updating', OLD, { PendingDeploymentSummary: { EndpointConfigName: MINE } });
    await begin();
    expect(await stopOpenJobs(run.executionArn)).toEqual([]);
    expect(changes()).toEqual([]);
  });
});
