import { StartJobRunCommand } from '@aws-sdk/client-glue';
import { glue } from '#lambdas/shared/clients/glue.ts';
import { findJobRun, START_ARGUMENT } from '#lambdas/shared/find-job-run.ts';
import { glueJobs, glueStep } from '#lambdas/shared/glue-jobs.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import { requestUri } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { writeJson } from '#lambdas/shared/s3.ts';
import { step } from '#lambdas/shared/step.ts';
import { type GlueArgs, glueRequest } from '#lambdas/start-glue/requests.ts';

/**
 * Starts a Spark script on Glue. StartJobRun has no client token: each start carries an argument of its own, and a
 * retried step looks for a run with it before it starts another.
 */
export const handler = step<EtlPayload & MlPayload, EtlPayload & MlPayload, GlueArgs>(
  async (payload, { args, run }) => {
    const JobName = glueJobs()[args.job];
    const name = args.step ?? glueStep(args.job);
    const attempt = attemptOf(payload, name);
    const uri = requestUri(run, `${name}-${attempt}`);
    await writeJson(uri, await glueRequest(args, payload, attempt));
    const mark = `${run.execution}/${name}/${attempt}`;
    return startJob(payload, {
      kind: 'glue',
      step: name,
      attempt,
      name: mark,
      find: () => findJobRun(JobName, mark),
      start: async () => {
        const Arguments = { '--request': uri, [START_ARGUMENT]: mark };
        const { JobRunId } = await glue.send(new StartJobRunCommand({ JobName, Arguments }));
        if (!JobRunId) throw new Error(`Glue gave no id for a run of ${JobName}`);
        return JobRunId;
      },
    });
  },
);
