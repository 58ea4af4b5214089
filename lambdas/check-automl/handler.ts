import {
  DescribeAutoMLJobV2Command,
  type DescribeAutoMLJobV2Response,
  ListCandidatesForAutoMLJobCommand,
  StopAutoMLJobCommand,
} from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import type { Job, MlPayload } from '#lambdas/shared/payload.ts';
import { logger, step } from '#lambdas/shared/step.ts';

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

/** For people; whatever goes wrong in asking is not worth a failed run. */
async function progressOf(AutoMLJobName: string, secondary = 'Starting'): Promise<string> {
  try {
    const { Candidates = [] } = await sagemaker.send(
      new ListCandidatesForAutoMLJobCommand({
        AutoMLJobName,
        SortBy: 'FinalObjectiveMetricValue',
        SortOrder: 'Descending',
        MaxResults: 100,
      }),
    );
    const metrics = Candidates.flatMap(({ FinalAutoMLJobObjectiveMetric: metric }) =>
      metric?.Value === undefined ? [] : [metric],
    );
    // AutoML orders by the value, whichever way is better.
    const [first] = metrics;
    const values = metrics.map(({ Value = 0 }) => Value);
    const best =
      first &&
      (/MSE|RMSE|MAE|Loss/i.test(first.MetricName ?? '') || first.Type === 'Minimize'
        ? Math.min(...values)
        : Math.max(...values));
    const text = first && best !== undefined ? `, best ${first.MetricName} ${best.toFixed(3)}` : '';
    return `${secondary}: ${Candidates.length} candidate(s)${text}`;
  } catch (error) {
    logger.warn('no candidates to show', error as Error);
    return secondary;
  }
}
