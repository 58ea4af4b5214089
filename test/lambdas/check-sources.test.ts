import { AthenaClient, GetQueryResultsCommand } from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler } from '#lambdas/check-sources/handler.ts';
import { NO_JOB } from '#lambdas/shared/jobs.ts';
import { resultOf } from '#test/lambdas/support/athena.ts';
import { withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { etlPayload, eventOf, finished } from '#test/lambdas/support/world.ts';

const INSPECTION = 's3://sandbox/homes/runs/run-1/inspection.json';
const good = {
  rows: 10,
  duplicates: 1,
  without_key: 2,
  after_run_date: 3,
  newest: '2020-02-05',
  unreadable: 0,
  unreadable_example: null,
  unknown_stage: null,
  example_stage: null,
};

describe('check-sources', () => {
  const athena = mockClient(AthenaClient);
  let s3: ReturnType<typeof fakeS3>;
  beforeEach(() => {
    athena.reset();
    s3 = fakeS3();
    s3.putJson(INSPECTION, { problems: [], sources: {} });
  });

  const check = (rows: Record<string, string | number | null>[], id = 'athena-id') => {
    athena.on(GetQueryResultsCommand).resolves(resultOf(rows));
    const jobs = { profile: { ...finished('athena'), id } };
    return handler(eventOf(etlPayload({ inspection: { uri: INSPECTION, sound: [] }, jobs })));
  };

  it('passes sound sources on with the counts of what is not read', async () => {
    const payload = await check([{ source: 'visits', ...good }]);
    expect(payload.sources).toEqual({ visits: { rows: 10, duplicates: 1, withoutKey: 2, afterRunDate: 3 } });
  });

  it('tells everything that is wrong in one message, a problem a line', async () => {
    s3.putJson(INSPECTION, {
      problems: [{ source: 'requests', message: 'requests: column budget is missing' }],
      sources: {},
    });
    const error = await check([
      { source: 'visits', ...good, newest: '2020-02-03' },
      { source: 'survey', ...good, unknown_stage: 4, example_stage: 'Casual' },
    ]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'SourcesRejected' });
    expect((error as Error).message.split('\n')).toEqual([
      '3 problems with the sources of homes:',
      'requests: column budget is missing',
      'visits: is too old: its newest snapshot_date is 2020-02-03, 4 days before the run date 2020-02-07, and at most 3 days are allowed',
      'survey: column stage: 4 row(s) with an unknown value, for example "Casual" (allowed: Dreamer, Buyer, Seller)',
    ]);
  });

  it('says why a source that has rows has none to read', async () => {
    await expect(check([{ source: 'visits', ...good, rows: 0, newest: null }])).rejects.toThrow(
      'visits: is empty: no row to read (3 row(s) are dated after the run date 2020-02-07; 2 row(s) have no member_id, snapshot_date)',
    );
  });

  it('takes a source of the last allowed day', async () => {
    await expect(check([{ source: 'visits', ...good, newest: '2020-02-04' }])).resolves.toBeDefined();
  });

  it('tells a hundred problems and counts the rest, so that the message still fits', async () => {
    const problems = Array.from({ length: 250 }, (_, i) => ({
      source: 'visits',
      message: `visits: column c${i} is missing`,
    }));
    s3.putJson(INSPECTION, { problems, sources: {} });
    const error = await check([], NO_JOB).catch((thrown: Error) => thrown);
    const lines = (error as Error).message.split('\n');
    expect(lines).toHaveLength(102);
    expect(lines.at(-1)).toBe('… and 150 more');
  });

  it('tells what the files say when there was nothing to profile', async () => {
    s3.putJson(INSPECTION, { problems: [{ source: 'visits', message: 'visits: is missing' }], sources: {} });
    await expect(check([], NO_JOB)).rejects.toThrow('1 problem with the sources of homes:\nvisits: is missing');
    expect(athena.commandCalls(GetQueryResultsCommand)).toHaveLength(0);
  });
});

describe('the counts of a pipeline', () => {
  const athena = mockClient(AthenaClient);
  withDefinition({
    counts: {
      events: { says: 'events to read', atLeast: 1 },
      odd: { says: 'events of an unknown device', atMost: { share: 0.1, of: 'visits' } },
    },
  });

  const judge = (counts: Record<string, number> | undefined, rows = 10) => {
    athena.reset();
    athena
      .on(GetQueryResultsCommand, { QueryExecutionId: 'profile' })
      .resolves(resultOf([{ source: 'visits', ...good, rows, ...(rows ? {} : { newest: null }) }]));
    athena.on(GetQueryResultsCommand, { QueryExecutionId: 'counts' }).resolves(resultOf([counts ?? {}]));
    fakeS3().putJson(INSPECTION, {
      problems: [{ source: 'survey', message: 'survey: is missing' }].slice(counts ? 1 : 0),
    });
    // They ran side by side, so that each is in the payload of its branch.
    const branches = [
      etlPayload({ jobs: { profile: { ...finished('athena'), id: 'profile' } } }),
      etlPayload({ jobs: { counts: { ...finished('athena'), id: counts ? 'counts' : NO_JOB } } }),
    ];
    return handler(eventOf(etlPayload({ inspection: { uri: INSPECTION, sound: [] }, branches })));
  };

  it('travel with the run when they are within their limits', async () => {
    const { counts, jobs } = await judge({ events: 10, odd: 1 });
    expect(counts).toEqual({ events: 10, odd: 1 });
    expect(Object.keys(jobs)).toEqual(['profile', 'counts']);
  });

  it('stop the run beyond them, all of them in one message', async () => {
    await expect(judge({ events: 0, odd: 2 })).rejects.toMatchObject({
      name: 'SourcesRejected',
      message: [
        '2 problems with the sources of homes:',
        'events to read (events): 0; at least 1 are needed',
        'events of an unknown device (odd): 2; 20 % of the 10 rows of visits, at most 10 % are allowed',
      ].join('\n'),
    });
  });

  it('are told with what else is wrong', async () => {
    await expect(judge({ events: 0, odd: 0 }, 0)).rejects.toThrow(/2 problems.*\n.*visits: is empty.*\nevents to read/);
  });

  it('are left out when a source could not be asked', async () => {
    await expect(judge(undefined)).rejects.toThrow(/1 problem .*\nsurvey: is missing$/);
  });
});
