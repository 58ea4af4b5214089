import { type Message, subjectOf } from '#lambdas/shared/message.ts';
import type { EtlPayload, MlPayload, Run, TableResult } from '#lambdas/shared/payload.ts';
import { tableName } from '#lib/names.ts';

/** The mail of a published table: what, how much, where, and how to ask it. */
export function tableAnnouncement(run: Run, database: string, table: string, { rows, location }: TableResult): Message {
  const { environment, pipeline, runDate } = run;
  const name = tableName(pipeline, table);
  const query = `SELECT * FROM ${name} WHERE run_date = DATE '${runDate}' LIMIT 10`;
  return {
    subject: subjectOf(`[${environment}] ${name} of ${runDate} is there: ${rows} rows`),
    text: [
      `${pipeline} has published its table ${table} for ${runDate} in ${environment}.`,
      '',
      `Table:    ${database}.${name}`,
      `Rows:     ${rows}`,
      `Files:    ${location} (Parquet)`,
      '',
      'Ask it, in Athena or from the command line:',
      `  ${query}`,
      `  npx presage query "${query}" --env ${environment}`,
    ].join('\n'),
  };
}

/** The mail of a run that ended well. */
export function runAnnouncement(payload: EtlPayload & MlPayload): Message {
  const { run, start, tables = {}, predictions, outputs = {}, notices } = payload;
  const { environment, pipeline, runDate, machine, execution } = run;
  const trainedOnly = start.predict === false;
  const what = trainedOnly ? 'training' : machine === 'ml' ? 'predictions' : 'tables';
  const parameters = Object.entries(start.parameters ?? {}).map(([name, value]) => `${name} ${value}`);
  return {
    subject: subjectOf(`[${environment}] ${pipeline} ${runDate} succeeded: ${what}`),
    text: [
      `The ${machine.toUpperCase()} run of ${pipeline} for ${runDate} in ${environment} has succeeded.`,
      '',
      ...(parameters.length ? [`Parameters:  ${parameters.join(', ')}`] : []),
      ...(machine === 'etl'
        ? Object.entries(tables).map(([name, { rows }]) => `Table:       ${tableName(pipeline, name)}, ${rows} rows`)
        : []),
      ...modelLines(payload),
      ...(predictions
        ? [
            `Predictions: ${predictions.rows} rows (${predictions.written ?? 0} written, ${predictions.unchanged ?? 0} as they were)`,
          ]
        : []),
      ...Object.values(outputs)
        .flat()
        .map((uri) => `File:        ${uri}`),
      `Execution:   ${execution}`,
      ...notices.map((notice) => `Notice:      ${notice}`),
    ].join('\n'),
  };
}

function modelLines({ model }: MlPayload): string[] {
  if (!model?.use) return [];
  const { use, challenger, evaluation, reason } = model;
  const metrics = Object.entries(evaluation?.metrics ?? {}).map(([name, value]) => `${name} ${shown(value)}`);
  return [
    `Model:       ${use.id}, trained for ${use.trainedFor} (${use.id === challenger?.id ? 'in this run' : 'earlier'}; ${reason})`,
    ...(metrics.length ? [`Quality:     ${metrics.join(', ')} on ${evaluation?.holdoutRows} held-out rows`] : []),
  ];
}

const shown = (value: number | null) => (value === null ? 'undefined' : String(Number(value.toPrecision(3))));
