import type { ClusterStatus, StepStatus } from '@aws-sdk/client-emr';
import { stepError } from '#lambdas/shared/errors.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/** Why a cluster is as it is, in EMR's words. */
export const reasonOf = (status?: ClusterStatus) =>
  [status?.StateChangeReason?.Code, status?.StateChangeReason?.Message].filter(Boolean).join(': ') ||
  `${status?.State}`;

/** The error of a Spark step that ended badly; `told` is what the script said itself. */
export function stepFailed(id: string, { State, FailureDetails, StateChangeReason }: StepStatus, told?: string): Error {
  const { Reason, Message, LogFile } = FailureDetails ?? {};
  const why =
    [told ?? Reason, told ? undefined : (Message ?? StateChangeReason?.Message)].filter(Boolean).join(': ') ||
    'EMR gives no reason';
  const { logBucket, pipeline } = getSettings();
  const log = LogFile ?? `s3://${logBucket}/emr/${pipeline}/${id}/steps/`;
  return stepError('EmrStepFailed', `The Spark step of EMR cluster ${id} ended as ${State}. ${why} (log: ${log})`);
}
