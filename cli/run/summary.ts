import { basename, relative } from 'node:path';
import { keptMail } from '#cli/local/state.ts';
import type { Execution } from '#cli/run/follow.ts';
import { mailsIn, readMail } from '#cli/run/mail.ts';
import type { RunJson } from '#cli/run/run-json.ts';
import { seconds } from '#cli/run/screen.ts';
import type { Target } from '#cli/target.ts';
import type { Metrics } from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import { pipelineNames, predictionsTableName, tableName } from '#lib/names.ts';
import type { Model, Pipeline } from '#lib/pipelines/pipeline.ts';

export interface SummaryInput {
  target: Target;
  pipeline: Pipeline;
  run: RunJson;
  etl?: Execution;
  ml?: Execution;
  out?: string;
  /** Mails that were in the outbox before the run. */
  knownMails: string[];
  /** Options that lead a later command to this environment; undefined when it is removed at the end of the run. */
  again?: string;
  /** The command line of this run, for a failed one. */
  command: string;
}

const row = (name: string, text: string) => `  ${name.padEnd(12)} ${text}`;
const count = (n: number) => n.toLocaleString('en-US');

/** The last screen of a run: where the results are and how good the model is, or what failed and what to do. */
export const summary = (input: SummaryInput): string[] =>
  input.run.status === 'SUCCEEDED' ? succeeded(input) : failed(input);

function succeeded({ target, pipeline, run, etl, ml, out, knownMails, again }: SummaryInput): string[] {
  const total = ((etl?.seconds ?? 0) + (ml?.seconds ?? 0)) * 1000;
  const lines = ['', `${pipeline.name} for ${run.runDate} succeeded after ${seconds(total)}.`];
  if (etl) {
    lines.push('', 'Tables');
    for (const [name, { rows, location }] of Object.entries((etl.output as EtlResult).tables))
      lines.push(
        row(name, `${count(rows)} rows as ${target.lake.database}.${tableName(pipeline.name, name)}`),
        row('', location),
      );
    lines.push(...dirt(run), ...counted(pipeline, run));
  }
  const pushed = ((ml ?? etl)?.output as EtlResult | MlResult | undefined)?.predictions;
  if (pushed) {
    const { rows, written, unchanged, location } = pushed;
    const names = pipelineNames(target.environment, pipeline.name);
    lines.push(
      '',
      'Predictions',
      row(
        'DynamoDB',
        `${names.predictionTable}: ${count(rows)} rows (${count(written)} written, ${count(unchanged)} unchanged)`,
      ),
      row('S3', location),
    );
  }
  if (run.model && pipeline.model) lines.push('', 'Model', ...model(run.model, pipeline.model));
  if (run.endpoint) lines.push('', 'Endpoint', row(run.endpoint.endpoint, endpoint(run.endpoint)));
  const files = Object.values(run.outputs).flat();
  if (files.length) lines.push('', 'Files made', ...some(files).map((file) => row('', file)));
  if (out) {
    const made = [
      pushed && ml ? 'predictions.csv' : '',
      etl ? 'tables/' : '',
      ...some(files.map((file) => basename(file))),
    ];
    lines.push('', row('Files', `${shown(out)}: ${[...made.filter(Boolean), 'run.json'].join(', ')}`));
  }
  const mails = newMails(target, knownMails);
  if (mails.length) lines.push(row('Mails', mails.map((mail) => shown(mail.file)).join(', ')));
  if (again !== undefined) lines.push('', 'Ask it', `  npx presage query "${example(pipeline, run)}"${again}`);
  else lines.push('', 'The local environment of this run is removed now; keep one with --state FOLDER.');
  return lines;
}

function failed({ target, pipeline, run, knownMails, command }: SummaryInput): string[] {
  const failure = run.failure ?? { step: '?', error: 'Failed', cause: '' };
  const lines = ['', `${pipeline.name} for ${run.runDate} FAILED at ${failure.step}.`];
  // Good news of an earlier step can be among them.
  const mail = newMails(target, knownMails).findLast(({ subject }) => / failed at /.test(subject));
  if (mail) lines.push('', mail.subject, '', mail.text, '', row('This mail', shown(mail.file)));
  else
    lines.push(
      '',
      row('Environment', run.env),
      row('Step', failure.step),
      row('Error', failure.error),
      row('Cause', failure.cause || 'none given'),
      row('Again', command),
    );
  if (run.model?.metrics && pipeline.model) lines.push('', 'Model', ...model(run.model, pipeline.model));
  return lines;
}

const CHANGES = {
  created: 'made in this run',
  updated: 'given this model in this run',
  kept: 'as before',
  left: 'not changed: it was given this model for a later day',
};
const endpoint = ({ model, decision }: NonNullable<RunJson['endpoint']>) => `serves ${model} (${CHANGES[decision]})`;

/** The first few, and how many more. */
const some = (names: string[]) =>
  names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED), `… and ${names.length - MOST_NAMED} more`] : names;
const MOST_NAMED = 5;

function dirt(run: RunJson): string[] {
  return Object.entries(run.etl?.sources ?? {}).flatMap(([name, { duplicates, withoutKey }]) => {
    const said = [duplicates && `${count(duplicates)} duplicate`, withoutKey && `${count(withoutKey)} without a key`];
    return said.some(Boolean) ? [row('left out', `of ${name}: ${said.filter(Boolean).join(', ')} rows`)] : [];
  });
}

function counted(pipeline: Pipeline, run: RunJson): string[] {
  return Object.entries(run.etl?.counts ?? {}).flatMap(([name, value]) =>
    value ? [row('counted', `${count(value)} ${pipeline.counts[name]?.says ?? name}`)] : [],
  );
}

function model(result: NonNullable<RunJson['model']>, definition: Model): string[] {
  const lines = [row('id', `${result.id ?? 'none'} (${result.trained ? 'trained in this run' : 'trained earlier'})`)];
  if (result.reason) lines.push(row('decision', `${result.decision ?? 'none'}: ${result.reason}`));
  const { metrics, baseline, holdoutRows } = result;
  if (metrics && baseline && holdoutRows)
    lines.push(row('quality', quality(definition, metrics, baseline, holdoutRows)));
  return lines;
}

const OBJECTIVES = {
  F1macro: { key: 'f1_macro', name: 'macro-F1', higher: true, naive: 'always naming the most frequent class' },
  AUC: { key: 'roc_auc', name: 'ROC AUC', higher: true, naive: 'guessing' },
  MSE: { key: 'mse', name: 'mean squared error', higher: false, naive: 'always naming the mean' },
} as const;

/** One sentence about the objective and, for classes, the share of right answers, each beside the naive baseline. */
export function quality(definition: Model, metrics: Metrics, baseline: Metrics, holdoutRows: number): string {
  const { key, name, higher, naive } = OBJECTIVES[definition.objective];
  const mine = metrics[key];
  const theirs = baseline[key];
  const rows = `${count(holdoutRows)} held-out rows`;
  if (mine == null) return `${name} is undefined on ${rows}`;
  const better = theirs != null && (higher ? mine > theirs : mine < theirs);
  const verdict = theirs == null ? '' : `, ${better ? 'better' : 'NOT better'} than the ${figure(theirs)} of ${naive},`;
  const right = metrics.accuracy == null ? '' : `; ${percent(metrics.accuracy)} of its answers are right`;
  const rightNaively =
    metrics.accuracy == null || baseline.accuracy == null ? '' : `, of the baseline’s ${percent(baseline.accuracy)}`;
  return `${name} ${figure(mine)}${verdict} on ${rows}${right}${rightNaively}.`;
}

const figure = (value: number) => value.toPrecision(3);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function newMails(target: Target, known: string[]) {
  const { outbox } = target;
  if (!outbox) return [];
  return mailsIn(outbox)
    .filter((name) => !known.includes(name))
    .map((name) => readMail(outbox, name))
    .map((mail) => ({ ...mail, file: keptMail(mail.file) }));
}

function example(pipeline: Pipeline, { runDate, predictions }: RunJson): string {
  if (predictions && pipeline.model?.problem === 'multiclass')
    return `SELECT ${pipeline.model.label}, count(*) AS n FROM ${predictionsTableName(pipeline.name)} WHERE run_date = DATE '${runDate}' GROUP BY 1 ORDER BY 2 DESC`;
  const table = pipeline.predictions?.table ?? Object.keys(pipeline.tables).at(-1) ?? '';
  const name = predictions && pipeline.model ? predictionsTableName(pipeline.name) : tableName(pipeline.name, table);
  return `SELECT * FROM ${name} WHERE run_date = DATE '${runDate}' LIMIT 10`;
}

const shown = (path: string) => {
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
};
