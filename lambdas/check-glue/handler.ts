import { BatchStopJobRunCommand, GetJobRunCommand } from '@aws-sdk/client-glue';
import { glue } from '#lambdas/shared/clients/glue.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { type GlueWork, glueJobs } from '#lambdas/shared/glue-jobs.ts';
import { checkJob, type Look } from '#lambdas/shared/jobs.ts';
import { reportFolder } from '#lambdas/shared/paths.ts';
import type { Job, Resolved } from '#lambdas/shared/payload.ts';
import { scriptError } from '#lambdas/shared/script-error.ts';
import { step } from '#lambdas/shared/step.ts';

/** Looks at the Glue job run of the loop. */
export const handler = step<Resolved, Resolved, { job: GlueWork; atMostSeconds: number }>((payload, { args, run }) => {
  const JobName = glueJobs()[args.job];
  return checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look: (job) => look(job, JobName, reportFolder(run, `${job.step}-${job.attempt}`)),
    stop: ({ id }) => glue.send(new BatchStopJobRunCommand({ JobName, JobRunIds: [id] })),
  });
});

async function look({ id, step: name }: Job, JobName: string, folder: string): Promise<Look> {
  const { JobRun } = await glue.send(new GetJobRunCommand({ JobName, RunId: id }));
  switch (JobRun?.JobRunState) {
    case 'SUCCEEDED':
      return { state: 'SUCCEEDED', output: folder };
    case 'FAILED':
    case 'ERROR':
    case 'TIMEOUT':
    case 'STOPPED':
    case 'EXPIRED': {
      const why = (await scriptError(folder)) ?? JobRun.ErrorMessage ?? 'Glue gives no reason';
      throw stepError(
        'GlueJobFailed',
        `Glue job ${JobName} (${name}) ended as ${JobRun.JobRunState}: ${why} (run ${id})`,
      );
    }
    default:
      return { state: 'RUNNING', progress: JobRun?.JobRunState ?? 'UNKNOWN' };
  }
}
