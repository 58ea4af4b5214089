import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { sfn } from '#lambdas/shared/clients/sfn.ts';
import { isNamed, stepError } from '#lambdas/shared/errors.ts';
import type { Resolved, StartInput } from '#lambdas/shared/payload.ts';
import { checkInput, runOf } from '#lambdas/shared/run-input.ts';
import { takeLock } from '#lambdas/shared/run-table.ts';
import { step } from '#lambdas/shared/step.ts';

/**
 * Says which day the run is about and makes sure that no other run of the pipeline is going on: two at once would
 * point the same tables at different results.
 */
export const handler = step<StartInput, Resolved>(async (start, { context }) => {
  const runDate = checkInput(start);
  const run = { ...runOf(start, context), runDate };
  const notices: string[] = [];
  const holder = await takeLock(run.executionArn, run.startedAt);
  if (holder) {
    if (await isRunning(holder)) throw inProgress(run.pipeline, holder);
    // Killed before it could give the pipeline back, and the event that tells of it was lost: those are best effort.
    const other = await takeLock(run.executionArn, run.startedAt, holder);
    if (other) throw inProgress(run.pipeline, other);
    notices.push(`The pipeline was still held by ${nameOf(holder)}, which has ended; this run took it over.`);
  }
  return { start, run, jobs: {}, notices };
});

async function isRunning(executionArn: string): Promise<boolean> {
  try {
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return status === 'RUNNING' || status === 'PENDING_REDRIVE';
  } catch (error) {
    if (isNamed(error, 'ExecutionDoesNotExist')) return false;
    throw error;
  }
}

const nameOf = (executionArn: string) => executionArn.split(':').slice(-2).join(' / ');

const inProgress = (pipeline: string, holder: string) =>
  stepError(
    'RunInProgress',
    `Another run of ${pipeline} is going on: ${nameOf(holder)}. Wait until it has ended, or stop that execution, and run again.`,
  );
