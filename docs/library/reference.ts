import type { Environment } from '#lib/environments.ts';
import { pipelineNames, predictionsTableName, tableName } from '#lib/names.ts';
import type { CompiledPipeline, QualityRule, Source, Table } from '#lib/pipelines/pipeline.ts';
import { columnNames, columnTable } from './columns.ts';
import { blocks, code, codes, list, percent, sentence, table } from './markdown.ts';

const ENGINES = { athena: 'Athena', glue: 'Glue (Spark)', emr: 'EMR (Spark)' };

/** What a pipeline's definition says, as a page's reference part. */
export function reference(pipeline: CompiledPipeline, environments: Environment[]): string {
  return blocks(
    '## Sources',
    ...Object.entries(pipeline.sources).flatMap(([name, source]) => [
      `### ${name}`,
      sourceText(name, source, pipeline),
    ]),
    ...parameters(pipeline),
    ...constants(pipeline),
    ...counts(pipeline),
    '## Tables',
    `Queries are run by ${ENGINES[pipeline.engine]} unless a table or the environment says otherwise.`,
    ...Object.entries(pipeline.tables).flatMap(([name, each]) => [`### ${name}`, tableText(name, each, pipeline)]),
    '## Rules',
    pipeline.quality.length
      ? `Nothing is published unless these hold:\n\n${list(pipeline.quality.map(rule))}`
      : 'The tables have no rules.',
    '## Model',
    model(pipeline),
    ...predictions(pipeline),
    ...outputs(pipeline),
    '## Schedule',
    schedule(pipeline, environments),
  );
}

/** Sources with the same definition but for the name are told once: the later ones point at the first. */
function sourceText(name: string, source: Source, { sources }: CompiledPipeline): string {
  const same = Object.entries(sources).find(([, other]) => JSON.stringify(other) === JSON.stringify(source))?.[0];
  if (same && same !== name) return `As ${code(same)}.`;
  const facts = [
    `${source.format === 'csv' ? 'CSV' : 'Parquet'}${source.optional ? ', optional: a run may do without it' : ''}`,
    key(source),
    source.date
      ? `${code(source.date)} is the day a row is about: rows after the run date are not read`
      : 'no column is a day: all rows are read, whatever the run date',
    source.lateByDays !== undefined && `the newest row is at most ${source.lateByDays} days before the run date`,
  ].filter((fact) => fact !== false);
  return blocks(list(facts.map(sentence)), columnTable(source.columns));
}

function key({ key, distinct }: Source): string {
  if (key.length)
    return `key: ${codes(key)}; repeated keys are counted and reduced to one row, rows without one are dropped`;
  return distinct ? 'no key; rows that agree in every column are counted and read once' : 'no key: every row counts';
}

function parameters({ parameters }: CompiledPipeline): string[] {
  const rows = Object.entries(parameters).map(([name, { says }]) => [code(`--${name}`), says]);
  return rows.length ? ['## Parameters', table(['option', 'what it does'], rows)] : [];
}

function constants({ constants = {} }: CompiledPipeline): string[] {
  const rows = Object.entries(constants).map(([name, text]) => [code(name), code(text)]);
  return rows.length ? ['## Constants', 'Texts that the queries share.', table(['name', 'text'], rows)] : [];
}

function counts({ counts }: CompiledPipeline): string[] {
  const rows = Object.entries(counts).map(([name, { says, atMost, atLeast }]) => [
    code(name),
    says,
    [
      atMost && (atMost.share ? `more than ${percent(atMost.share)} of ${code(atMost.of)}` : 'there is one'),
      atLeast && `fewer than ${atLeast}`,
    ]
      .filter(Boolean)
      .join(', ') || 'never',
  ]);
  if (!rows.length) return [];
  return [
    '## Counts',
    'Made of the sources before anything is computed, and part of the result of every run.',
    table(['count', 'what is counted', 'the run stops when'], rows),
  ];
}

function tableText(name: string, each: Table, pipeline: CompiledPipeline): string {
  const { sources = [], tables = [], predictions = false } = pipeline.queries[name] ?? {};
  const read = [...sources, ...tables, ...(predictions ? ['predictions'] : [])];
  const facts = [
    `${code(tableName(pipeline.name, name))} in Athena, in the ${each.zone} zone, partitioned by ${codes(['run_date', ...each.partitionBy])}`,
    `key: ${codes(each.key)}`,
    `made of ${codes(read)}`,
    each.engine && each.engine !== pipeline.engine && `run by ${ENGINES[each.engine]}`,
    each.announce && 'data scientists get a mail when it is published',
  ].filter((fact) => typeof fact === 'string');
  return blocks(list(facts.map(sentence)), columnTable(each.columns));
}

function rule(each: QualityRule): string {
  if (each.rule === 'uniqueKey') return `${code(each.table)}: no two rows have the same key`;
  if (each.rule === 'notNull') return `${code(`${each.table}.${each.column}`)} is never null`;
  if (each.rule === 'between')
    return `${code(`${each.table}.${each.column}`)} lies between ${each.min} and ${each.max}, where it is not null`;
  return `${code(each.table)} has at least ${percent(each.minRatio)} of the rows of the last run`;
}

const PROBLEMS = { binary: 'two classes', multiclass: 'several classes', regression: 'a number' };

function model({ model, schedule, queries }: CompiledPipeline): string {
  if (!model) return 'None: the answer is counted, not learned.';
  const { kind, version, classes, positive, threshold } = model;
  const fact = (name: string, value: string | number | false | undefined): string[][] =>
    value ? [[name, String(value)]] : [];
  const rows = [
    ...fact(
      'kind',
      kind === 'automl' ? 'SageMaker AutoML' : `Python package, ${version} unless the environment says otherwise`,
    ),
    ...fact('predicts', `${code(model.label)}: ${PROBLEMS[model.problem]}${classes ? ` (${classes.join(', ')})` : ''}`),
    ...fact('probability of', positive),
    ...fact('threshold', threshold !== undefined && `above ${threshold}`),
    ...fact('objective', model.objective),
    ...fact('training rows', `by ${codes(model.trainingKey)}, of ${codes(readBy(queries.training))}`),
    ...fact('never on both sides of the holdout', codes(model.entity)),
    ...fact('a `holdout` table names rows by', codes(model.holdoutKey ?? model.trainingKey)),
    ...fact('classes weighed equally', model.balanced && 'in training only'),
    ...fact('further baselines', model.meansBy.length && `means by ${codes(model.meansBy)}`),
    ...fact(
      'kept of every model',
      model.record.length && `${codes(model.record)} in ${code('model_training_metadata')}`,
    ),
    ...fact('trained anew', schedule.training ? 'on the first of the month' : `after ${model.trainEveryDays} days`),
  ];
  return blocks(
    table(['', ''], rows),
    `Columns sent to the model, in this order (${model.features.length}):`,
    columnNames(model.features),
  );
}

const readBy = (query: CompiledPipeline['queries'][string] | undefined) => [
  ...(query?.sources ?? []),
  ...(query?.tables ?? []),
];

function predictions({ name, predictions, model }: CompiledPipeline): string[] {
  if (!predictions) return [];
  const [partition = '', ...others] = predictions.key;
  const sort = others.length ? `, sort key ${code(others.join('#'))}` : '';
  const facts = [
    `DynamoDB table ${code(pipelineNames({ name: '<env>' }, name).predictionTable)}: partition key ${code(partition)}${sort}`,
    model && `${code(predictionsTableName(name))} in Athena, partitioned by ${code('run_date')}`,
    predictions.table && `the rows of ${code(predictions.table)}`,
  ].filter((fact) => typeof fact === 'string');
  return ['## Predictions', list(facts.map(sentence)), columnTable(predictions.columns)];
}

function outputs({ outputs, queries }: CompiledPipeline): string[] {
  const rows = Object.entries(outputs).map(([name, { file }]) => [
    code(file),
    codes([...readBy(queries[name]), ...(queries[name]?.predictions ? ['predictions'] : [])]),
  ]);
  if (!rows.length) return [];
  return ['## Files', 'In the sandbox, and in `--out`.', table(['file', 'made of'], rows)];
}

const DAYS = { daily: 'Every day', monday: 'Every Monday' };

function schedule({ name, schedule, engine, announce }: CompiledPipeline, environments: Environment[]): string {
  const rows = environments.flatMap((environment) => {
    const own = environment.pipelines[name];
    if (!own) return [];
    return [
      [environment.name, own.scheduled ? 'on' : 'off', ENGINES[own.engine ?? engine], `${own.timeToLiveDays} days`],
    ];
  });
  const training = schedule.training ? ` A model is trained on the first of the month at ${schedule.training}.` : '';
  return blocks(
    `${DAYS[schedule.days]} at ${schedule.at} UTC; at ${schedule.dueBy} a mail is sent if the day is not green.${training}`,
    announce && 'Every run that ends well is told by mail, and in Slack where it is set up.',
    table(['environment', 'schedule', 'engine', 'predictions are kept for'], rows),
  );
}
