import { beforeEach, describe, expect, it, vi } from 'vitest';
import { stepError } from '#lambdas/shared/errors.ts';
import { attemptOf, checkJob, duration, startJob } from '#lambdas/shared/jobs.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { etlPayload, runningJob, runOf } from '#test/lambdas/support/world.ts';

const RUN = `run#${runOf('etl').executionArn}`;
const what = { kind: 'emr', step: 'features', attempt: 1, name: 'cluster-1' } as const;

describe('starting a job', () => {
  let table: ReturnType<typeof fakeRunTable>;
  beforeEach(() => {
    table = fakeRunTable();
  });

  it('is written down before the start, with its id after it', async () => {
    const start = vi.fn(async () => {
      expect(table.get(RUN, 'job#features#1')).toMatchObject({ kind: 'emr', name: 'cluster-1' });
      return 'j-1';
    });
    const { job } = await startJob(etlPayload(), { ...what, start });
    expect(table.get(RUN, 'job#features#1')).toMatchObject({ id: 'j-1' });
    expect(job).toMatchObject({ kind: 'emr', step: 'features', attempt: 1, id: 'j-1', wait: 5, state: 'RUNNING' });
  });

  it('happens once, however often the step is retried', async () => {
    const start = vi.fn(async () => 'j-1');
    const first = await startJob(etlPayload(), { ...what, start });
    const second = await startJob(etlPayload(), { ...what, start });
    expect(start).toHaveBeenCalledOnce();
    expect(second.job).toEqual(first.job);
  });

  it('finds the job whose start was answered to nobody', async () => {
    await startJob(etlPayload(), { ...what, start: () => Promise.reject(new Error('connection lost')) }).catch(
      () => {},
    );
    const start = vi.fn();
    const { job } = await startJob(etlPayload(), { ...what, start, find: async () => 'j-lost' });
    expect(start).not.toHaveBeenCalled();
    expect(job.id).toBe('j-lost');
    expect(table.get(RUN, 'job#features#1')).toMatchObject({ id: 'j-lost' });
  });

  it('starts again when the earlier try had started nothing', async () => {
    await startJob(etlPayload(), { ...what, start: () => Promise.reject(new Error('refused')) }).catch(() => {});
    const { job } = await startJob(etlPayload(), { ...what, start: async () => 'j-2', find: async () => undefined });
    expect(job.id).toBe('j-2');
  });

  it('counts attempts on from a job that is to be tried again, and from one anew', () => {
    const job = runningJob('emr', 'features', { attempt: 2 });
    expect(attemptOf(etlPayload({ job: { ...job, state: 'RETRY' } }), 'features')).toBe(3);
    expect(attemptOf(etlPayload({ job: { ...job, state: 'SUCCEEDED' } }), 'features')).toBe(1);
    expect(attemptOf(etlPayload({ job: { ...job, state: 'RETRY' } }), 'quality')).toBe(1);
  });
});

describe('looking at a job', () => {
  const stop = vi.fn(async () => {});
  let table: ReturnType<typeof fakeRunTable>;
  beforeEach(() => {
    stop.mockClear();
    table = fakeRunTable();
  });

  it('waits half as long again each time, up to the cap of the environment', async () => {
    let payload = etlPayload({ job: runningJob('emr', 'features') });
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      payload = await checkJob(payload, {
        atMostSeconds: 99,
        stop,
        look: async () => ({ state: 'RUNNING', progress: 'busy' }),
      });
      waits.push(payload.job?.wait ?? 0);
    }
    expect(waits).toEqual([8, 12, 18, 27, 41, 60, 60, 60]);
    expect(payload.job?.progress).toBe('busy');
  });

  it('keeps what it made when it has ended well', async () => {
    const job = runningJob('emr', 'features', { attempt: 2, secondsAgo: 30 });
    const payload = await checkJob(etlPayload({ job }), {
      atMostSeconds: 99,
      stop,
      look: async () => ({ state: 'SUCCEEDED', output: 's3://x/', notice: 'late' }),
    });
    expect(payload.jobs.features).toEqual({ kind: 'emr', id: 'emr-id', seconds: 30, attempts: 2, output: 's3://x/' });
    expect(payload.job?.state).toBe('SUCCEEDED');
    expect(payload.notices).toEqual(['late']);
    expect(table.get(RUN, 'job#features#2')).toMatchObject({ ended: true });
  });

  it('sends the machine back to the start for another attempt, with a notice why', async () => {
    const payload = await checkJob(etlPayload({ job: runningJob('emr', 'features') }), {
      atMostSeconds: 99,
      stop,
      look: async () => ({ state: 'RETRY', notice: 'no capacity' }),
    });
    expect(payload.job?.state).toBe('RETRY');
    expect(payload.notices).toEqual(['no capacity']);
  });

  it('stops a job that is past its time and names job, time and limit', async () => {
    const job = runningJob('emr', 'features', { secondsAgo: 3700 });
    await expect(
      checkJob(etlPayload({ job }), {
        atMostSeconds: 3600,
        stop,
        look: async () => ({ state: 'RUNNING', progress: 'step RUNNING' }),
      }),
    ).rejects.toMatchObject({
      name: 'JobTimedOut',
      message: 'features was stopped after 1 h 1 min 40 s; its limit is 1 h. It was last at: step RUNNING.',
    });
    expect(stop).toHaveBeenCalledOnce();
    expect(table.get(RUN, 'job#features#1')).toMatchObject({ ended: true });
  });

  it('takes the result of a job that ended late all the same', async () => {
    const job = runningJob('emr', 'features', { secondsAgo: 3700 });
    const payload = await checkJob(etlPayload({ job }), {
      atMostSeconds: 3600,
      stop,
      look: async () => ({ state: 'SUCCEEDED' }),
    });
    expect(payload.job?.state).toBe('SUCCEEDED');
  });

  it('has nothing left to stop after a job that failed, but after a look that failed it has', async () => {
    const payload = etlPayload({ job: runningJob('emr', 'features') });
    const failing = (error: Error) =>
      checkJob(payload, { atMostSeconds: 99, stop, look: () => Promise.reject(error) }).catch(() => {});
    await failing(new Error('denied'));
    expect(table.get(RUN, 'job#features#1')).toBeUndefined();
    await failing(stepError('EmrStepFailed', 'broken'));
    expect(table.get(RUN, 'job#features#1')).toMatchObject({ ended: true });
  });

  it.each([
    [0, '0 s'],
    [90, '1 min 30 s'],
    [7200, '2 h'],
  ])('writes %i seconds as %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});
