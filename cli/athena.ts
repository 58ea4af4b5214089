import {
  AthenaClient,
  GetQueryExecutionCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { type Context, sleep } from '#cli/context.ts';
import { Problem } from '#cli/setup/problem.mjs';
import type { Target } from '#cli/target.ts';

export interface QueryResult {
  columns: { name: string; type: string }[];
  /** Values as Athena writes them; null where there is none. */
  rows: (string | null)[][];
}

/** Athena refused or stopped the query; the message is Athena's. */
export class QueryFailed extends Problem {}

/** Runs one query in the environment's workgroup and database and gives every row of its answer. */
export async function runQuery(context: Context, target: Target, sql: string): Promise<QueryResult> {
  const athena = new AthenaClient(target.client);
  const id = await startQuery(athena, target, sql);
  await finished(context, athena, id, target.pollMs);
  const columns: QueryResult['columns'] = [];
  const rows: QueryResult['rows'] = [];
  for await (const page of paginateGetQueryResults({ client: athena }, { QueryExecutionId: id })) {
    const found = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
    if (!columns.length) columns.push(...found.map(({ Name = '', Type = '' }) => ({ name: Name, type: Type })));
    for (const row of page.ResultSet?.Rows ?? [])
      rows.push((row.Data ?? []).map((value) => value.VarCharValue ?? null));
  }
  // A SELECT's first row repeats the column names; SHOW and DESCRIBE have no such row.
  if (rows[0] && columns.length > 0 && columns.every((column, i) => rows[0]?.[i] === column.name)) rows.shift();
  return { columns, rows };
}

async function startQuery(athena: AthenaClient, target: Target, sql: string): Promise<string> {
  try {
    const { QueryExecutionId } = await athena.send(
      new StartQueryExecutionCommand({
        QueryString: sql,
        WorkGroup: target.lake.workgroup,
        QueryExecutionContext: { Database: target.lake.database },
      }),
    );
    if (QueryExecutionId) return QueryExecutionId;
    throw new Error('Athena gave no query id');
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidRequestException') throw new QueryFailed(error.message);
    throw error;
  }
}

async function finished(context: Context, athena: AthenaClient, id: string, pollMs: number): Promise<void> {
  // The first look comes early: a small query has ended by then.
  for (let wait = Math.min(pollMs, 150); ; wait = Math.min(pollMs, wait * 2)) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const { State, StateChangeReason, AthenaError } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return;
    if (State === 'FAILED' || State === 'CANCELLED')
      throw new QueryFailed(StateChangeReason ?? AthenaError?.ErrorMessage ?? `the query ended as ${State}`);
    await sleep(wait, context);
  }
}
