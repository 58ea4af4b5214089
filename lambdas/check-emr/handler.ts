import {
  type ClusterStatus,
  DescribeClusterCommand,
  ListStepsCommand,
  type StepStatus,
  TerminateJobFlowsCommand,
} from '@aws-sdk/client-emr';
import { lostCapacity, nextAttempt } from '#lambdas/check-emr/lost-capacity.ts';
import { reasonOf, stepFailed } from '#lambdas/check-emr/reasons.ts';
import { emr } from '#lambdas/shared/clients/emr.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import { reportFolder } from '#lambdas/shared/paths.ts';
import type { EtlPayload, Job, Run } from '#lambdas/shared/payload.ts';
import { scriptError } from '#lambdas/shared/script-error.ts';
import { step } from '#lambdas/shared/step.ts';

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
  if (lostCapacity(status, work) && (clusterEnded || stepEnded)) return nextAttempt(id, attempt, status);
  if (stepEnded && work) throw stepFailed(id, work, await scriptError(reportFolder(run, `${loop}-${attempt}`)));
  if (clusterEnded)
    throw stepError('EmrClusterFailed', `EMR cluster ${id} ended without running its step: ${reasonOf(status)}`);
  return { state: 'RUNNING', progress: progressOf(status, work) };
}

const progressOf = (status?: ClusterStatus, work?: StepStatus) =>
  `cluster ${status?.State ?? 'UNKNOWN'}, step ${work?.State ?? 'PENDING'}`;
