import { AthenaClient, GetQueryResultsCommand } from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as checkQuality } from '#lambdas/check-quality/handler.ts';
import { handler as checkValidation } from '#lambdas/check-validation/handler.ts';
import { resultOf } from '#test/lambdas/support/athena.ts';
import { etlPayload, eventOf, finished } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);

beforeEach(() => {
  athena.reset();
});

describe('check-quality', () => {
  const judge = (rows: Record<string, string | number | null>[], more = {}) => {
    athena.on(GetQueryResultsCommand).resolves(resultOf(rows));
    return checkQuality(
      eventOf(etlPayload({ jobs: { quality: finished('athena') }, previousRows: { features: 10 }, ...more })),
    );
  };
  const fine = { violations: 0, example: null, lowest: null, highest: null };

  it('lets sound tables pass', async () => {
    expect((await judge([0, 1, 2].map((rule) => ({ rule, ...fine })))).notices).toEqual([]);
  });

  it('says that there was no earlier day to compare with', async () => {
    const { notices } = await judge(
      [0, 1, 2].map((rule) => ({ rule, ...fine })),
      { previousRows: {} },
    );
    expect(notices).toEqual(['features: no earlier day to compare the number of rows with']);
  });

  it('tells every rule that is broken, with numbers and an example', async () => {
    const error = await judge([
      { rule: 0, violations: 2, example: 'member_id=m1, snapshot_date=2020-02-06', lowest: 2, highest: 3 },
      { rule: 1, violations: 5, example: 'member_id=m2', lowest: -1, highest: 200.5 },
      { rule: 2, violations: 1, example: null, lowest: 4, highest: 10 },
    ]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'QualityRejected' });
    expect((error as Error).message.split('\n')).toEqual([
      '3 quality rule(s) of homes broken, nothing was published:',
      'features has 2 key(s) more than once, at most 3 times, for example member_id=m1, snapshot_date=2020-02-06',
      'features.seconds is not between 0 and 180 in 5 row(s): -1 to 200.5, for example member_id=m2',
      'features has 4 rows, the previous run had 10; at least 50 % are asked for',
    ]);
  });

  it('does not pass on an answer that leaves a rule out', async () => {
    await expect(judge([{ rule: 0, ...fine }])).rejects.toThrow('answered for 1 of 3 rules');
  });
});

describe('check-validation', () => {
  const same = {
    rows_in_query: 9,
    rows_in_table: 9,
    sampled_rows: 4,
    only_in_query: 0,
    only_in_table: 0,
    different: 0,
  };
  const judge = (rows: Record<string, string | number | null>[]) => {
    athena.on(GetQueryResultsCommand).resolves(resultOf(rows));
    return checkValidation(eventOf(etlPayload({ jobs: { validate: finished('athena') } })));
  };

  it('says how much was compared when the tables are the same', async () => {
    expect((await judge([{ table_name: 'features', ...same }])).notices).toEqual([
      'features: as on Athena, 9 rows in all and 4 rows of 20 keys compared one by one',
    ]);
  });

  it('refuses a table with other rows, by number or by content', async () => {
    await expect(
      judge([{ table_name: 'features', ...same, rows_in_table: 8, only_in_query: 1, different: 2 }]),
    ).rejects.toMatchObject({
      name: 'ValidationFailed',
      message: expect.stringContaining(
        "features has 8 rows, Athena's query 9\nfeatures: of 4 rows compared, 1 only in Athena's query, 0 only in the table, 2 values differ",
      ),
    });
  });
});
