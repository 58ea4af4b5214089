import { ListClustersCommand } from '@aws-sdk/client-emr';
import { emr } from '#lambdas/shared/clients/emr.ts';

/** Clocks of ours and EMR's need not agree. */
const SLACK_MS = 5 * 60_000;

/** The id of a cluster of this name that was made since a time, for when the answer to its start was lost. */
export async function findCluster(name: string, since: string): Promise<string | undefined> {
  const CreatedAfter = new Date(Date.parse(since) - SLACK_MS);
  let Marker: string | undefined;
  do {
    const page = await emr.send(new ListClustersCommand({ CreatedAfter, Marker }));
    const found = page.Clusters?.find((cluster) => cluster.Name === name);
    if (found) return found.Id;
    Marker = page.Marker;
  } while (Marker);
  return undefined;
}
