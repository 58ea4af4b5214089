import {
  type ClusterStatus,
  DescribeClusterCommand,
  ListStepsCommand,
  type StepStatus,
  TerminateJobFlowsCommand,
} from '@aws-sdk/client-emr';
import { emr } from '#lambdas/shared/clients/emr.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import { reportFolder } from '#lambdas/shared/paths.ts';
import type { EtlPayload, Job, Run } from '#lambdas/shared/payload.ts';
import { scriptError } from '#lambdas/shared/script-error.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';

/** Reasons of EMR's for the end of a cluster that lie in the capacity it got and not in what it ran. */
const CAPACITY_CODES = ['INTERNAL_ERROR', 'INSTANCE_FAILURE', 'INSTANCE_FLEET_TIMEOUT'];
const CAPACITY_WORDS = /\bspot\b|capacity|insufficient|provision|lost node|node was lost/i;

/**
 * Looks at the cluster of the loop. A cluster that failed for want of capacity is followed by the next attempt, the
 * last of which is on demand; a step that failed would fail again.
 */
export const handler = step<EtlPayload, EtlPayload, { atMostSeconds: number }>((payload, { args, run }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look: (job) => look(job, run),
    stop: ({ id }) => emr.send(new TerminateJobFlowsCommand({ JobFlowIds: [id] })),
  }),
);

async function look({ id, step: loop, attempt }: Job, run: Run): Promise<Look> {
  // The cluster first: a step looked at before its cluster may have ended in between, and would seem never to have run.
  const { Cluster } = await emr.send(new DescribeClusterCommand({ ClusterId: id }));
  const { Steps } = await emr.send(new ListStepsCommand({ ClusterId: id }));
  const work = Steps?.[0]?.Status;
  // The rows are in S3 as soon as the step is done; that the cluster takes minutes to go away is no reason to wait.
  if (work?.State === 'COMPLETED') return { state: 'SUCCEEDED', output: reportFolder(run, `${loop}-${attempt}`) };

  const status = Cluster?.Status;
  const stepEnded = work?.State === 'FAILED' || work?.State === 'CANCELLED' || work?.State === 'INTERRUPTED';
  const clusterEnded = status?.State === 'TERMINATED' || status?.State === 'TERMINATED_WITH_ERRORS';
  if (lostCapacity(status, work) && (clusterEnded || stepEnded)) return nextAttempt(id, attempt, reasonOf(status));
  if (stepEnded && work) throw stepFailed(id, work, await scriptError(reportFolder(run, `${loop}-${attempt}`)));
  if (clusterEnded)
    throw stepError('EmrClusterFailed', `EMR cluster ${id} ended without running its step: ${reasonOf(status)}`);
  return { state: 'RUNNING', progress: progressOf(status, work) };
}

function lostCapacity(status?: ClusterStatus, work?: StepStatus): boolean {
  const { Code, Message } = status?.StateChangeReason ?? {};
  if (Code === 'USER_REQUEST') return false;
  if (Code && CAPACITY_CODES.includes(Code)) return true;
  const { Reason, Message: why } = work?.FailureDetails ?? {};
  return (
    CAPACITY_WORDS.test(`${Code === 'STEP_FAILURE' ? '' : (Message ?? '')} ${Reason ?? ''}`) ||
    /lost node/i.test(why ?? '')
  );
}

function nextAttempt(id: string, attempt: number, reason: string): Look {
  const { attempts } = getSettings().capacity.emr;
  if (attempt >= attempts)
    throw stepError('EmrClusterFailed', `All ${attempts} attempts at a cluster failed; the last, ${id}, by: ${reason}`);
  const next = attempt + 1 === attempts ? 'on-demand' : 'spot';
  return {
    state: 'RETRY',
    notice: `EMR cluster ${id} was lost (${reason}); attempt ${attempt + 1} of ${attempts} on ${next} capacity`,
  };
}

function stepFailed(id: string, { State, FailureDetails, StateChangeReason }: StepStatus, told?: string): Error {
  const { Reason, Message, LogFile } = FailureDetails ?? {};
  const why =
    [told ?? Reason, told ? undefined : (Message ?? StateChangeReason?.Message)].filter(Boolean).join(': ') ||
    'EMR gives no reason';
  const { logBucket, pipeline } = getSettings();
  const log = LogFile ?? `s3://${logBucket}/emr/${pipeline}/${id}/steps/`;
  return stepError('EmrStepFailed', `The Spark step of EMR cluster ${id} ended as ${State}. ${why} (log: ${log})`);
}

const reasonOf = (status?: ClusterStatus) =>
  [status?.StateChangeReason?.Code, status?.StateChangeReason?.Message].filter(Boolean).join(': ') ||
  `${status?.State}`;

const progressOf = (status?: ClusterStatus, work?: StepStatus) =>
  `cluster ${status?.State ?? 'UNKNOWN'}, step ${work?.State ?? 'PENDING'}`;
