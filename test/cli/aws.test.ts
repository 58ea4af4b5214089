import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { runQuery } from '#cli/athena.ts';
import { newestDay } from '#cli/data/newest-day.ts';
import { checkAccount } from '#cli/doctor/account.ts';
import { awsTarget, type Target } from '#cli/target.ts';
import { type Environment, environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';

/** Environments in AWS, against mocked clients. */
const sts = mockClient(STSClient);
const athena = mockClient(AthenaClient);
const cloudformation = mockClient(CloudFormationClient);
const sfn = mockClient(SFNClient);
const account = '123456789012';
const dev: Environment = { ...environments.dev, account };
const target: Target = {
  environment: dev,
  account,
  lake: lakeNames(dev, account),
  client: { region: 'eu-west-1' },
  pollMs: 1,
};
const context = { signal: new AbortController().signal, abort: () => {}, defer: () => {} };

/** Answers each query by what its text contains; an Error is a failed query. */
function athenaAnswers(answer: (sql: string) => (string | null)[][] | Error) {
  const queries: string[] = [];
  const of = (id = '') => answer(queries[Number(id)] ?? '');
  athena.on(StartQueryExecutionCommand).callsFake(({ QueryString }) => ({
    QueryExecutionId: String(queries.push(QueryString) - 1),
  }));
  athena.on(GetQueryExecutionCommand).callsFake(({ QueryExecutionId }) => {
    const rows = of(QueryExecutionId);
    const Status =
      rows instanceof Error ? { State: 'FAILED', StateChangeReason: rows.message } : { State: 'SUCCEEDED' };
    return { QueryExecution: { Status } };
  });
  athena.on(GetQueryResultsCommand).callsFake(({ QueryExecutionId }) => {
    const rows = of(QueryExecutionId) as (string | null)[][];
    const line = (values: (string | null)[]) => ({
      Data: values.map((value) => (value === null ? {} : { VarCharValue: value })),
    });
    return {
      ResultSet: {
        ResultSetMetadata: { ColumnInfo: [{ Name: 'newest', Type: 'date' }] },
        Rows: [line(['newest']), ...rows.map(line)],
      },
    };
  });
}

beforeEach(() => {
  for (const client of [sts, athena, cloudformation, sfn]) client.reset();
});

describe('an environment in AWS', () => {
  it('is used when the credentials belong to its account', async () => {
    sts.on(GetCallerIdentityCommand).resolves({ Account: account });
    expect((await awsTarget(dev)).lake.rawBucket).toBe(`presage-dev-raw-${account}-eu-west-1`);
  });

  it('is refused with the credentials of another account', async () => {
    sts.on(GetCallerIdentityCommand).resolves({ Account: '999999999999' });
    await expect(awsTarget(dev)).rejects.toThrow('The credentials belong to account 999999999999');
  });

  it('is refused without credentials, with the way to log in', async () => {
    sts.on(GetCallerIdentityCommand).rejects(new Error('The SSO session has expired'));
    await expect(awsTarget(dev)).rejects.toThrow(/SSO session has expired.*aws sso login/);
  });

  it('is refused when it has no account, before anything is asked', async () => {
    await expect(awsTarget(environments.dev)).rejects.toThrow('The environment dev has no account');
    expect(sts.calls()).toHaveLength(0);
  });
});

describe('the run date when none is given', () => {
  it('is the newest day of the sources that have one, and those that cannot be read are left out', async () => {
    athenaAnswers((sql) => {
      if (sql.includes('t030')) return new Error('HIVE_BAD_DATA');
      return sql.includes('survey') ? [['2026-11-20']] : [['2026-11-19']];
    });
    expect(await newestDay(context, target, buyerStage)).toBe('2026-11-20');
  });

  it('is today in UTC when no source has a day', async () => {
    athenaAnswers(() => [[null]]);
    expect(await newestDay(context, target, buyerStage)).toBe(new Date().toISOString().slice(0, 10));
  });
});

describe('a query', () => {
  it('runs in the environment’s workgroup and database and gives its rows without the header', async () => {
    athenaAnswers(() => [['2026-11-20']]);
    expect((await runQuery(context, target, 'SELECT 1')).rows).toEqual([['2026-11-20']]);
    expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input).toMatchObject({
      WorkGroup: 'presage-dev',
      QueryExecutionContext: { Database: 'presage_dev' },
    });
  });

  it('that fails says what Athena says', async () => {
    athenaAnswers(() => new Error("line 1:8: Column 'x' cannot be resolved"));
    await expect(runQuery(context, target, 'SELECT x')).rejects.toThrow("line 1:8: Column 'x' cannot be resolved");
  });
});

describe('doctor in an AWS environment', () => {
  const problems = async (environment: Environment) =>
    (await checkAccount(environment)).flatMap(({ name, fix }) => (fix === undefined ? [] : [`${name}: ${fix}`]));

  it('finds nothing wrong where all is deployed', async () => {
    sts.on(GetCallerIdentityCommand).resolves({ Account: account });
    cloudformation.on(DescribeStacksCommand).resolves({
      Stacks: [{ StackName: 'CDKToolkit', CreationTime: new Date(), StackStatus: 'UPDATE_COMPLETE' }],
    });
    sfn.on(DescribeStateMachineCommand).resolves({ status: 'ACTIVE' });
    expect(await problems(dev)).toEqual([]);
    expect((await checkAccount(dev)).map(({ found }) => found).join()).toContain('spot.amazonaws.com');
  });

  it('names every fix: account, bootstrap, deploy', async () => {
    sts.on(GetCallerIdentityCommand).resolves({ Account: account });
    cloudformation.on(DescribeStacksCommand).rejects(new Error('Stack with id CDKToolkit does not exist'));
    sfn.on(DescribeStateMachineCommand).rejects(Object.assign(new Error(), { name: 'StateMachineDoesNotExist' }));
    expect(await problems(dev)).toEqual([
      `CDK bootstrap: run \`npx cdk bootstrap aws://${account}/eu-west-1\``,
      ...Object.keys(dev.pipelines).map((name) => `${name}: run \`npx cdk deploy 'dev/*'\``),
    ]);
    expect((await problems(environments.dev))[0]).toContain('environments.dev.account in lib/environments.ts');
  });
});
