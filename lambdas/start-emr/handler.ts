import { RunJobFlowCommand } from '@aws-sdk/client-emr';
import { emr } from '#lambdas/shared/clients/emr.ts';
import { findCluster } from '#lambdas/shared/find-cluster.ts';
import { FEATURES } from '#lambdas/shared/glue-jobs.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import { requestUri } from '#lambdas/shared/paths.ts';
import type { EtlPayload } from '#lambdas/shared/payload.ts';
import { writeJson } from '#lambdas/shared/s3.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { queriesRequest } from '#lambdas/shared/spark-requests.ts';
import { step } from '#lambdas/shared/step.ts';
import { clusterName, clusterRequest } from '#lambdas/start-emr/cluster-request.ts';

interface EmrArgs {
  /** Name of the loop, where the feature queries have several. */
  step?: string;
  /** Tables to make, of those the pipeline has. */
  tables?: string[];
}

/**
 * Starts the transient cluster that runs the feature queries, a new one per attempt.
 *
 * RunJobFlow has no client token: a retried step looks for a cluster of the attempt's name before it makes one.
 */
export const handler = step<EtlPayload, EtlPayload, EmrArgs>(async (payload, { args, run }) => {
  const loop = args.step ?? FEATURES;
  const attempt = attemptOf(payload, loop);
  const uri = requestUri(run, `${loop}-${attempt}`);
  await writeJson(uri, await queriesRequest(payload, loop, attempt, args.tables));
  const name = clusterName(run, loop, attempt);
  return startJob(payload, {
    kind: 'emr',
    step: loop,
    attempt,
    name,
    find: (since) => findCluster(name, since),
    start: async () => {
      const { JobFlowId } = await emr.send(
        new RunJobFlowCommand(clusterRequest(getSettings(), run, loop, attempt, uri)),
      );
      if (!JobFlowId) throw new Error('EMR gave no id for the cluster');
      return JobFlowId;
    },
  });
});
