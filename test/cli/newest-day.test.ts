import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newestDay } from '#cli/data/newest-day.ts';
import type { Target } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';

const athena = mockClient(AthenaClient);
const target: Target = {
  environment: environments.local,
  account: '000000000000',
  lake: lakeNames(environments.local, '000000000000'),
  client: { region: 'eu-west-1' },
  pollMs: 1,
};
const context = { signal: new AbortController().signal, abort: () => {}, defer: () => {} };

/** The run date of a run that names none, when these are the newest days of the sources; null for no readable one. */
function dayOf(days: Record<string, string | null | undefined>, more: Partial<PipelineInput> = {}) {
  athena.on(StartQueryExecutionCommand).callsFake(({ QueryString }) => ({
    QueryExecutionId: Object.keys(days).find((source) => QueryString.includes(`small_raw_${source}"`)),
  }));
  athena.on(GetQueryExecutionCommand).callsFake(({ QueryExecutionId }) => ({
    QueryExecution: { Status: { State: days[QueryExecutionId] === null ? 'FAILED' : 'SUCCEEDED' } },
  }));
  athena.on(GetQueryResultsCommand).callsFake(({ QueryExecutionId }) => ({
    ResultSet: {
      ResultSetMetadata: { ColumnInfo: [{ Name: 'newest', Type: 'date' }] },
      Rows: [{ Data: [{ VarCharValue: 'newest' }] }, { Data: [{ VarCharValue: days[QueryExecutionId] ?? undefined }] }],
    },
  }));
  const source = (dated: boolean): PipelineInput['sources'][string] => ({
    ...{ format: 'csv', key: ['id'], columns: { id: 'varchar', day: 'date' } },
    ...(dated ? { date: 'day' } : {}),
  });
  const sources = Object.entries(days).map(([name, day]) => [name, source(day !== undefined)] as const);
  const pipeline = definePipeline({
    name: 'small',
    asks: 'What is next for each one?',
    engine: 'athena',
    schedule: { at: '10:00', dueBy: '12:00' },
    sources: Object.fromEntries(sources),
    tables: { made: { zone: 'curated', key: ['id'], columns: { id: 'varchar' } } },
    quality: [],
    ...more,
  });
  return newestDay(context, target, pipeline);
}

beforeEach(() => {
  athena.reset();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-21T23:30:00Z') });
});
afterEach(() => void vi.useRealTimers());

describe('the run date of a run that names none', () => {
  it('is the newest day in any of the sources', async () => {
    expect(await dayOf({ a: '2026-02-03', b: '2026-02-05' })).toBe('2026-02-05');
  });

  it('is the day after it where the definition says so', async () => {
    expect(await dayOf({ a: '2026-02-28' }, { defaultRunDate: 'dayAfterNewest' })).toBe('2026-03-01');
  });

  it('leaves out a source that cannot be read: the run tells what is wrong with it', async () => {
    expect(await dayOf({ a: '2026-02-03', b: null })).toBe('2026-02-03');
  });

  it('is today in UTC where no source has a date', async () => {
    expect(await dayOf({ a: undefined })).toBe('2026-11-21');
    expect(athena.commandCalls(StartQueryExecutionCommand)).toHaveLength(0);
  });
});
