import { GetQueryResultsCommand } from '@aws-sdk/client-athena';
import { athena } from '#lambdas/shared/clients/athena.ts';

/** The rows of a finished SELECT by column name; Athena gives every value as text, null as nothing. */
export async function queryRows(id: string): Promise<Record<string, string | undefined>[]> {
  const rows: Record<string, string | undefined>[] = [];
  let names: string[] | undefined;
  let NextToken: string | undefined;
  do {
    const page = await athena.send(new GetQueryResultsCommand({ QueryExecutionId: id, NextToken }));
    for (const { Data = [] } of page.ResultSet?.Rows ?? []) {
      const values = Data.map(({ VarCharValue }) => VarCharValue);
      // The first row of the first page repeats the names.
      if (names) rows.push(Object.fromEntries(names.map((name, i) => [name, values[i]])));
      else names = values.map((value) => value ?? '');
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return rows;
}
