import {
  DescribeAutoMLJobV2Command,
  type DescribeAutoMLJobV2Response,
  StopAutoMLJobCommand,
} from '@aws-sdk/client-sagemaker';
import { progressOf } from '#lambdas/check-automl/progress.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import type { Job, MlPayload } from '#lambdas/shared/payload.ts';
import { step } from '#lambdas/shared/step.ts';

/**
 * Looks at the AutoML job of the loop.
 *
 * What counts is the best candidate, not the status word: a job that ran out of its time ends as stopped *with* one, and
 * a report about the model that failed does not spoil the model.
 */
export const handler = step<MlPayload, MlPayload, { atMostSeconds: number }>((payload, { args }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look,
    stop: ({ id }) => sagemaker.send(new StopAutoMLJobCommand({ AutoMLJobName: id })),
  }),
);

async function look({ id }: Job): Promise<Look> {
  const job = await sagemaker.send(new DescribeAutoMLJobV2Command({ AutoMLJobName: id }));
  const { AutoMLJobStatus: status, AutoMLJobSecondaryStatus: secondary, BestCandidate } = job;
  if (status === 'InProgress' || status === 'Stopping')
    return { state: 'RUNNING', progress: await progressOf(id, secondary) };
  if (BestCandidate?.InferenceContainers?.length)
    return {
      state: 'SUCCEEDED',
      output: job.OutputDataConfig?.S3OutputPath,
      ...(status === 'Completed'
        ? {}
        : { notice: `AutoML ended as ${status} (${secondary}) and had a candidate by then` }),
    };
  throw failed(id, job);
}

function failed(id: string, job: DescribeAutoMLJobV2Response): Error {
  const { AutoMLJobStatus, AutoMLJobSecondaryStatus, FailureReason, PartialFailureReasons = [] } = job;
  const reasons = [FailureReason, ...PartialFailureReasons.map((one) => one.PartialFailureMessage)].filter(Boolean);
  const why = reasons.join('; ') || 'SageMaker gives no reason';
  return stepError(
    'AutoMlFailed',
    `AutoML job ${id} ended as ${AutoMLJobStatus} (${AutoMLJobSecondaryStatus}) without a candidate: ${why}`,
  );
}
