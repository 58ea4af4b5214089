import type { Readable } from 'node:stream';
import { GetQueryResultsCommand } from '@aws-sdk/client-athena';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { athena } from '#lambdas/shared/clients/athena.ts';
import { s3 } from '#lambdas/shared/clients/s3.ts';
import { outputFolder } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { parseUri } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';
import { type ResultRow, resultRows } from '#lambdas/write-output/athena-csv.ts';
import { filesFor } from '#lambdas/write-output/files.ts';

/**
 * Makes the files of an output out of the result of its query, row by row.
 *
 * Read from the result file and not through the API, which gives a thousand rows at a time. Written to a place of this
 * execution; a retried step writes the same files again.
 */
export const handler = step<EtlPayload & MlPayload, EtlPayload & MlPayload, { output: string }>(
  async (payload, { args, run }) => {
    const definition = getPipeline().outputs[args.output];
    const job = payload.jobs[`output-${args.output}`];
    if (!definition || !job?.output) throw new Error(`The query of output ${args.output} has not run`);
    const { Body } = await s3.send(new GetObjectCommand(parseUri(job.output)));
    if (!Body) throw new Error(`${job.output} has no content`);
    const rows = resultRows(Body as Readable);
    const { value: header = [] } = (await rows.next()) as { value?: ResultRow };
    const files = filesFor({
      folder: outputFolder(run),
      file: definition.file,
      columns: header.map((name) => name ?? ''),
      valueType: await typeOfLast(job.id),
    });
    let found = 0;
    for await (const row of rows) {
      await files.add(row);
      found += 1;
    }
    const written = await files.end();
    count('OutputRows', found);
    return {
      ...payload,
      outputs: { ...payload.outputs, [args.output]: written },
      notices: found ? payload.notices : [...payload.notices, `${definition.file}: its query gave no rows`],
    };
  },
);

/** The result file knows no types; the API does. */
async function typeOfLast(QueryExecutionId: string): Promise<string> {
  const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId, MaxResults: 1 }));
  return ResultSet?.ResultSetMetadata?.ColumnInfo?.at(-1)?.Type ?? 'varchar';
}
