import type { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { runOf } from '#test/lambdas/support/world.ts';

export const { executionArn } = runOf('etl');
/** Partition of that execution in the run table. */
export const RUN = `run#${executionArn}`;

/** The error of a function as Step Functions hands it on. */
export const lambdaCause = (message: string) =>
  JSON.stringify({ errorType: 'X', errorMessage: message, trace: ['at bundle'] });

export const failure = {
  step: 'check-sources',
  Error: 'SourcesRejected',
  Cause: lambdaCause('2 problems:\nvisits: is missing\nsurvey: is empty'),
};

/** A job the execution has started. */
export const putJob = (table: ReturnType<typeof fakeRunTable>, key: string, kind: string, more = {}) =>
  table.put({
    pk: RUN,
    sk: `job#${key}#1`,
    key,
    attempt: 1,
    kind,
    name: `name-${key}`,
    startedAt: '2020-02-07T10:00:00.000Z',
    ...more,
  });
