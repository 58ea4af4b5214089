import { StopQueryExecutionCommand } from '@aws-sdk/client-athena';
import { TerminateJobFlowsCommand } from '@aws-sdk/client-emr';
import { BatchStopJobRunCommand } from '@aws-sdk/client-glue';
import { StopAutoMLJobCommand, StopTrainingJobCommand, StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { athena } from '#lambdas/shared/clients/athena.ts';
import { emr } from '#lambdas/shared/clients/emr.ts';
import { glue } from '#lambdas/shared/clients/glue.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed, stepError } from '#lambdas/shared/errors.ts';
import { findCluster } from '#lambdas/shared/find-cluster.ts';
import { findJobRun } from '#lambdas/shared/find-job-run.ts';
import { glueJobOf } from '#lambdas/shared/glue-jobs.ts';
import { NO_JOB } from '#lambdas/shared/jobs.ts';
import { type JobRecord, jobEnded, openJobs } from '#lambdas/shared/run-table.ts';

/** What services say of a job that has ended meanwhile, or that never began. */
const NOTHING_TO_STOP = [
  'ValidationException',
  'ResourceNotFound',
  'EntityNotFoundException',
  'InvalidRequestException',
  'InvalidInputException',
];

/**
 * Stops every job of an execution that nobody has seen the end of. A job that cannot be stopped does not keep the
 * others from it; all that went wrong is one error at the end. Gives the names of what was stopped.
 */
export async function stopOpenJobs(executionArn: string): Promise<string[]> {
  const stopped: string[] = [];
  const problems: string[] = [];
  for (const job of await openJobs(executionArn)) {
    const name = `${job.kind} ${job.key}`;
    try {
      if (await stop(job)) stopped.push(name);
      await jobEnded(executionArn, job.key, job.attempt);
    } catch (error) {
      problems.push(`${name} (${job.id ?? job.name}): ${(error as Error).message}`);
    }
  }
  if (problems.length)
    throw stepError('JobsNotStopped', `Still running and to be stopped by hand: ${problems.join('; ')}`);
  return stopped;
}

async function stop(job: JobRecord): Promise<boolean> {
  // The update of an endpoint cannot be called back: SageMaker ends it, with the new model or with the one before.
  if (job.kind === 'endpoint') return false;
  const id = job.id ?? (await lostId(job));
  if (!id || id === NO_JOB) return false;
  try {
    await stopById(job, id);
    return true;
  } catch (error) {
    if (isNamed(error, ...NOTHING_TO_STOP)) return false;
    throw error;
  }
}

/** A job that was about to start when the execution ended, so that its id was never written down. */
async function lostId({ kind, key, name, startedAt }: JobRecord): Promise<string | undefined> {
  switch (kind) {
    case 'emr':
      return findCluster(name, startedAt);
    case 'glue':
      return findJobRun(glueJobOf(key), name);
    case 'automl':
    case 'training':
    case 'transform':
      return name;
    // Athena tells nobody which query a request token belongs to; a query ends by itself at the workgroup's limit.
    case 'athena':
    case 'endpoint':
      return undefined;
  }
}

async function stopById({ kind, key }: JobRecord, id: string): Promise<void> {
  switch (kind) {
    case 'athena':
      await athena.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
      return;
    case 'emr':
      await emr.send(new TerminateJobFlowsCommand({ JobFlowIds: [id] }));
      return;
    case 'glue': {
      const JobName = glueJobOf(key);
      const { Errors } = await glue.send(new BatchStopJobRunCommand({ JobName, JobRunIds: [id] }));
      const detail = Errors?.[0]?.ErrorDetail;
      if (detail && !NOTHING_TO_STOP.includes(detail.ErrorCode ?? ''))
        throw new Error(detail.ErrorMessage ?? detail.ErrorCode);
      return;
    }
    case 'automl':
      await sagemaker.send(new StopAutoMLJobCommand({ AutoMLJobName: id }));
      return;
    case 'training':
      await sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: id }));
      return;
    case 'transform':
      await sagemaker.send(new StopTransformJobCommand({ TransformJobName: id }));
  }
}
