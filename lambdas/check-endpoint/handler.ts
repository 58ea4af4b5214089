import {
  deleteConfigs,
  describeEndpoint,
  type Endpoint,
  endpointSettings,
  servedModel,
  UNDER_WAY,
  WAITING,
} from '#lambdas/shared/endpoint.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, duration, type Look, NO_JOB } from '#lambdas/shared/jobs.ts';
import type { Job, MlPayload, Run } from '#lambdas/shared/payload.ts';
import { logger, step } from '#lambdas/shared/step.ts';
import { endpointConfigName } from '#lib/names.ts';

const ATTEMPTS = 3;

/**
 * Looks at the endpoint until it serves this run's model. What nothing uses any more is deleted then, and not before.
 *
 * SageMaker changes back by itself when the new model cannot be served. The run then ends red: its mail says which model
 * goes on answering.
 */
export const handler = step<MlPayload, MlPayload, { atMostSeconds: number }>((payload, { args, run }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look: (job) => look(job, run, payload, args.atMostSeconds),
    // An update cannot be called back; `look` says so when its time is over.
    stop: async () => {},
  }),
);

async function look(job: Job, run: Run, payload: MlPayload, atMostSeconds: number): Promise<Look> {
  if (job.id === NO_JOB) return { state: 'SUCCEEDED' };
  const { name } = endpointSettings();
  const model = payload.endpoint?.model ?? '';
  const there = await describeEndpoint(name);
  const status = there?.EndpointStatus ?? 'not there';
  if (there && UNDER_WAY.includes(status)) {
    const seconds = Math.round((Date.now() - Date.parse(job.startedAt)) / 1000);
    if (seconds <= atMostSeconds) return { state: 'RUNNING', progress: status };
    throw stepError(
      'EndpointNotUpdated',
      `The endpoint ${name} is still ${status} after ${duration(seconds)}; SageMaker ends that by itself, with the model ${model} or with the one before. The next run looks again.`,
    );
  }

  const config = endpointConfigName(run.environment, run.pipeline, run, job.attempt);
  if (there && status === 'InService' && there.EndpointConfigName === config) {
    await deleteConfigs(config);
    return { state: 'SUCCEEDED', output: servedModel(there) };
  }
  if (job.id === WAITING && job.attempt < ATTEMPTS)
    return {
      state: 'RETRY',
      notice: `The endpoint ${name} was being changed when this run came to it; it is ${status} now`,
    };
  throw await failed(name, model, there, payload.predictions !== undefined);
}

async function failed(name: string, model: string, there: Endpoint | undefined, pushed: boolean) {
  const { EndpointStatus: status, EndpointConfigName, FailureReason } = there ?? {};
  const serves = there && status === 'InService';
  const why = FailureReason ?? (there ? 'SageMaker gives no reason' : 'it was deleted meanwhile');
  // Whatever goes wrong here must not hide what went wrong before.
  if (serves || status === 'Failed' || !there)
    await deleteConfigs(serves ? EndpointConfigName : undefined).catch((error: Error) =>
      logger.warn('configurations stay', error),
    );
  const now = serves
    ? `It goes on serving the model ${servedModel(there)}.`
    : 'It serves no model: rows are not scored until a run gives it one.';
  return stepError(
    'EndpointNotUpdated',
    `The endpoint ${name} could not be given the model ${model}: ${why}. ${now}${pushed ? ' The predictions of this run are published.' : ''}`,
  );
}
