import { stepError } from '#lambdas/shared/errors.ts';
import type { FinishedJob, Job, JobKind, Resolved, Run } from '#lambdas/shared/payload.ts';
import { beginJob, jobEnded, jobStarted } from '#lambdas/shared/run-table.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { logger } from '#lambdas/shared/step.ts';

export interface JobStart {
  kind: JobKind;
  /** Name of the loop, and in `jobs` when it has ended. */
  step: string;
  /** Name in the run table, when a loop runs for more than one thing in an execution. */
  key?: string;
  attempt: number;
  /** The same for the same run, step and attempt. */
  name: string;
  start: () => Promise<string>;
  /** The id of a job that an earlier try started and whose answer was lost. For services that do not refuse a second. */
  find?: (since: string) => Promise<string | undefined>;
}

/** The id of a job that was not needed, because there is nothing to do for it. */
export const NO_JOB = 'none';

/** The first attempt, or the next one when a check has sent the machine back. */
export const attemptOf = ({ job }: Resolved, step: string) =>
  job?.step === step && job.state === 'RETRY' ? job.attempt + 1 : 1;

/** Starts a job at most once for a run, step and attempt, however often the step itself is retried. */
export async function startJob<P extends Resolved>(payload: P, what: JobStart): Promise<P & { job: Job }> {
  const { kind, step, key = step, attempt, name } = what;
  const { run } = payload;
  const { record, known } = await beginJob(run, { key, attempt, kind, name, startedAt: new Date().toISOString() });
  let id = record.id ?? (known ? await what.find?.(record.startedAt) : undefined);
  if (id) logger.info('adopted a job that was started before', { kind, id });
  else id = await what.start();
  if (record.id !== id) await jobStarted(run, key, attempt, id);
  const { startedAt } = record;
  const wait = getSettings().poll.firstSeconds;
  return { ...payload, job: { kind, step, key, attempt, id, startedAt, wait, state: 'RUNNING' } };
}

export type Look =
  | { state: 'RUNNING'; progress?: string }
  | { state: 'SUCCEEDED'; output?: string; notice?: string }
  | { state: 'RETRY'; notice: string };

export interface Watch {
  atMostSeconds: number;
  look: (job: Job) => Promise<Look>;
  stop: (job: Job) => Promise<unknown>;
}

/**
 * Looks at the job of the loop once. The wait before the next look grows by half, up to the environment's cap.
 *
 * A job that is still running after `atMostSeconds` is stopped and the step fails with `JobTimedOut`; a look that
 * throws says that the job has failed, so there is nothing left to stop.
 */
export async function checkJob<P extends Resolved>(payload: P, { atMostSeconds, look, stop }: Watch): Promise<P> {
  const { job, run } = payload;
  if (!job) throw new Error('There is no job to look at: the state before this one must start it');
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(job.startedAt)) / 1000));
  const seen = await look(job).catch(async (error: Error) => {
    if (ENDED_BADLY.test(error.name)) await ended(run, job);
    throw error;
  });
  if (seen.state === 'RUNNING') {
    if (seconds > atMostSeconds) {
      await stop(job);
      await ended(run, job);
      const last = seen.progress ? ` It was last at: ${seen.progress}.` : '';
      throw stepError(
        'JobTimedOut',
        `${job.step} was stopped after ${duration(seconds)}; its limit is ${duration(atMostSeconds)}.${last}`,
      );
    }
    const { capSeconds } = getSettings().poll;
    const wait = Math.min(capSeconds, Math.ceil(job.wait * 1.5));
    return { ...payload, job: { ...job, wait, progress: seen.progress } };
  }
  await ended(run, job);
  if (seen.state === 'RETRY')
    return {
      ...payload,
      job: { ...job, state: 'RETRY', progress: seen.notice },
      notices: [...payload.notices, seen.notice],
    };
  const finished: FinishedJob = { kind: job.kind, id: job.id, seconds, attempts: job.attempt, output: seen.output };
  return {
    ...payload,
    job: { ...job, state: 'SUCCEEDED' },
    jobs: { ...payload.jobs, [job.step]: finished },
    notices: seen.notice ? [...payload.notices, seen.notice] : payload.notices,
  };
}

/** Errors that a look throws for a job that ended, not for a look that failed. */
const ENDED_BADLY = /^(QueryFailed|Emr|GlueJobFailed|AutoMlFailed|TrainingFailed|TransformFailed|EndpointNotUpdated)/;

const ended = (run: Run, job: Job) => jobEnded(run.executionArn, job.key ?? job.step, job.attempt);

/** `90` → `1 min 30 s`, `7200` → `2 h`. */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.round(seconds % 60), 's'],
  ] as const;
  return (
    parts
      .filter(([n]) => n > 0)
      .map(([n, unit]) => `${n} ${unit}`)
      .join(' ') || '0 s'
  );
}
