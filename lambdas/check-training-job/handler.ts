import {
  DescribeTrainingJobCommand,
  type DescribeTrainingJobResponse,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import type { Job, MlPayload } from '#lambdas/shared/payload.ts';
import { step } from '#lambdas/shared/step.ts';

const ATTEMPTS = 3;

/** Looks at the training of a script model. One that got no instance is tried again, under a new name. */
export const handler = step<MlPayload, MlPayload, { atMostSeconds: number }>((payload, { args }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look,
    stop: ({ id }) => sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: id })),
  }),
);

async function look({ id, attempt }: Job): Promise<Look> {
  const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: id }));
  const { TrainingJobStatus: status, SecondaryStatus: secondary, FailureReason = 'SageMaker gives no reason' } = job;
  switch (status) {
    case 'Completed':
      return { state: 'SUCCEEDED', output: job.ModelArtifacts?.S3ModelArtifacts };
    case 'Failed':
      if (/CapacityError/.test(FailureReason) && attempt < ATTEMPTS)
        return { state: 'RETRY', notice: `The training got no instance (${FailureReason}) and is tried again` };
      throw stepError('TrainingFailed', `Training job ${id} failed: ${FailureReason}`);
    case 'Stopped':
      // What the script had saved by then may be half a model.
      throw stepError(
        'TrainingFailed',
        secondary === 'MaxRuntimeExceeded'
          ? `Training job ${id} was not done after ${job.StoppingCondition?.MaxRuntimeInSeconds} s, its limit in lib/environments.ts`
          : `Training job ${id} was stopped by somebody else`,
      );
    default:
      return { state: 'RUNNING', progress: progressOf(job) };
  }
}

/** For people: what it is at, and the last value of each metric it has told. */
function progressOf({ SecondaryStatus = 'Starting', FinalMetricDataList = [] }: DescribeTrainingJobResponse): string {
  const metrics = FinalMetricDataList.map(({ MetricName, Value }) => `${MetricName} ${Value?.toPrecision(4)}`);
  return [SecondaryStatus, ...metrics].join(', ');
}
