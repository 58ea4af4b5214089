import { alert } from '#lambdas/shared/alert.ts';
import { failureMessage, readableCause } from '#lambdas/shared/message.ts';
import type { Failed, Resolved, StartInput } from '#lambdas/shared/payload.ts';
import { runOf } from '#lambdas/shared/run-input.ts';
import { markNotified } from '#lambdas/shared/run-table.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';

type Input = Failed & StartInput & Partial<Resolved> & { stopFailure?: { Cause: string } };

/**
 * Tells people of the failure, then writes down that they were told: two mails are better than none, so the mark comes
 * second and a retry may mail again. The kill handler mails only what has no mark.
 */
export const handler = step<Input, { subject: string }>(async (input, { context }) => {
  const { failure, stopFailure } = input;
  const run = runOf(input, context);
  const cause = readableCause(failure.Cause);
  const message = failureMessage(
    run,
    getSettings().region,
    { step: failure.step, error: failure.Error, cause },
    stopFailure ? [`Besides, jobs of this run could not be stopped: ${readableCause(stopFailure.Cause)}`] : [],
    input.start ?? input,
  );
  await alert(message);
  await markNotified(run.executionArn, context.startedAt);
  return { subject: message.subject };
});
