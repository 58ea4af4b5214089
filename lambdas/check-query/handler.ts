import { GetQueryExecutionCommand, StopQueryExecutionCommand } from '@aws-sdk/client-athena';
import { athena } from '#lambdas/shared/clients/athena.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { checkJob, type Look, NO_JOB } from '#lambdas/shared/jobs.ts';
import type { Job, Resolved } from '#lambdas/shared/payload.ts';
import { step } from '#lambdas/shared/step.ts';

const ATTEMPTS = 3;

/** Looks at the query of the loop. A failure that Athena itself calls worth retrying goes back to the start. */
export const handler = step<Resolved, Resolved, { atMostSeconds: number }>((payload, { args }) =>
  checkJob(payload, {
    atMostSeconds: args.atMostSeconds,
    look,
    stop: ({ id }) => athena.send(new StopQueryExecutionCommand({ QueryExecutionId: id })),
  }),
);

async function look({ id, step: name, attempt }: Job): Promise<Look> {
  if (id === NO_JOB) return { state: 'SUCCEEDED' };
  const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
  const { Status, Statistics, ResultConfiguration } = QueryExecution ?? {};
  switch (Status?.State) {
    case 'SUCCEEDED':
      return { state: 'SUCCEEDED', output: ResultConfiguration?.OutputLocation };
    case 'FAILED':
    case 'CANCELLED': {
      const reason = Status.StateChangeReason ?? Status.AthenaError?.ErrorMessage ?? 'Athena gives no reason';
      if (Status.AthenaError?.Retryable && attempt < ATTEMPTS)
        return { state: 'RETRY', notice: `Query ${name} is tried again after: ${reason}` };
      const verb = Status.State === 'FAILED' ? 'failed' : 'was cancelled';
      throw stepError('QueryFailed', `Query ${name} ${verb}: ${reason} (Athena query ${id})`);
    }
    default: {
      const bytes = Statistics?.DataScannedInBytes ?? 0;
      return { state: 'RUNNING', progress: `${Status?.State ?? 'UNKNOWN'}, ${(bytes / 1e6).toFixed(1)} MB scanned` };
    }
  }
}
