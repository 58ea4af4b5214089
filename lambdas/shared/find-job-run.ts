import { GetJobRunsCommand } from '@aws-sdk/client-glue';
import { glue } from '#lambdas/shared/clients/glue.ts';

/** Tells the runs of a job apart; scripts ignore it. */
export const START_ARGUMENT = '--presage-start';

/** The id of a run that was started with this mark, for when the answer to its start was lost. Newest runs come first. */
export async function findJobRun(JobName: string, mark: string): Promise<string | undefined> {
  const { JobRuns } = await glue.send(new GetJobRunsCommand({ JobName, MaxResults: 50 }));
  return JobRuns?.find(({ Arguments }) => Arguments?.[START_ARGUMENT] === mark)?.Id;
}
