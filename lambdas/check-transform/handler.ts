import { DescribeTransformJobCommand, StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import type { Job, MlPayload } from '#lambdas/shared/payload.ts';
import { step } from '#lambdas/shared/step.ts';

const ATTEMPTS = 3;

/** Looks at the transform of the loop. One that got no instances is tried again, under a new name. */
export const handler = step<MlPayload, MlPayload, { atMostSeconds: number }>((payload, { args }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look,
    stop: ({ id }) => sagemaker.send(new StopTransformJobCommand({ TransformJobName: id })),
  }),
);

async function look({ id, step: name, attempt }: Job): Promise<Look> {
  const job = await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: id }));
  const { TransformJobStatus: status, FailureReason = 'SageMaker gives no reason' } = job;
  switch (status) {
    case 'Completed':
      // Partitions and prefixes end with a slash; what SageMaker gives back is what it was given.
      return { state: 'SUCCEEDED', output: `${job.TransformOutput?.S3OutputPath?.replace(/\/$/, '')}/` };
    case 'Failed':
      if (/CapacityError/.test(FailureReason) && attempt < ATTEMPTS)
        return { state: 'RETRY', notice: `${name} got no instances (${FailureReason}) and is tried again` };
      throw stepError('TransformFailed', `Batch transform ${id} (${name}) failed: ${FailureReason}`);
    case 'Stopped':
      throw stepError('TransformFailed', `Batch transform ${id} (${name}) was stopped by somebody else`);
    default:
      return { state: 'RUNNING', progress: status ?? 'UNKNOWN' };
  }
}
