import type { ClusterStatus, StepStatus } from '@aws-sdk/client-emr';
import { reasonOf } from '#lambdas/check-emr/reasons.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import type { Look } from '#lambdas/shared/jobs.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/** Reasons of EMR's for the end of a cluster that lie in the capacity it got and not in what it ran. */
const CAPACITY_CODES = ['INTERNAL_ERROR', 'INSTANCE_FAILURE', 'INSTANCE_FLEET_TIMEOUT'];
const CAPACITY_WORDS = /\bspot\b|capacity|insufficient|provision|lost node|node was lost/i;

/** Whether a cluster or its step ended for want of capacity, which another attempt may get. */
export function lostCapacity(status?: ClusterStatus, work?: StepStatus): boolean {
  const { Code, Message } = status?.StateChangeReason ?? {};
  if (Code === 'USER_REQUEST') return false;
  if (Code && CAPACITY_CODES.includes(Code)) return true;
  const { Reason, Message: why } = work?.FailureDetails ?? {};
  return (
    CAPACITY_WORDS.test(`${Code === 'STEP_FAILURE' ? '' : (Message ?? '')} ${Reason ?? ''}`) ||
    /lost node/i.test(why ?? '')
  );
}

/** What follows a lost cluster: the next attempt, the last of which is on demand. EmrClusterFailed when that was it. */
export function nextAttempt(id: string, attempt: number, status?: ClusterStatus): Look {
  const reason = reasonOf(status);
  const { attempts } = getSettings().capacity.emr;
  if (attempt >= attempts)
    throw stepError('EmrClusterFailed', `All ${attempts} attempts at a cluster failed; the last, ${id}, by: ${reason}`);
  const next = attempt + 1 === attempts ? 'on-demand' : 'spot';
  return {
    state: 'RETRY',
    notice: `EMR cluster ${id} was lost (${reason}); attempt ${attempt + 1} of ${attempts} on ${next} capacity`,
  };
}
