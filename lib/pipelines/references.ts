import { model, predictions } from '#lib/pipelines/model-references.ts';
import { allIn, type BrokenReference, closed, mustBeIn, withoutRunDate } from '#lib/pipelines/names-known.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** What the shape of a definition cannot say: names that must exist elsewhere in it, and choices that must fit. */
export function brokenReferences(pipeline: Pipeline): BrokenReference[] {
  return [
    ...schedule(pipeline),
    ...sources(pipeline),
    ...tables(pipeline),
    ...counts(pipeline),
    ...quality(pipeline),
    ...model(pipeline),
    ...predictions(pipeline),
    ...outputs(pipeline),
  ];
}

/** Names of queries and relations that every pipeline can have, and what each is. */
const TAKEN: Record<string, string> = {
  counts: 'sql/counts.sql counts what the sources hold',
  training: 'sql/training.sql makes the training set',
  inference: 'sql/inference.sql makes what is predicted for',
  predictions: 'queries read the published predictions by it',
  scored: 'sql/predictions.sql reads the scored rows by it',
  holdout: 'the raw zone has the holdout file of a model under it',
};

function* taken(name: string, path: PropertyKey[]): Generator<BrokenReference> {
  if (Object.hasOwn(TAKEN, name)) yield { path, message: `the name is taken: ${TAKEN[name]}; use another one` };
}

function* schedule(pipeline: Pipeline): Generator<BrokenReference> {
  const { schedule, model, defaultRunDate, sources, parameters, constants } = pipeline;
  if (schedule.training && !model)
    yield { path: ['schedule', 'training'], message: 'there is no `model` to train; leave it out' };
  if (defaultRunDate === 'dayAfterNewest' && !Object.values(sources).some((source) => source.date))
    yield { path: ['defaultRunDate'], message: 'no source has a `date` to find the newest day by; leave it out' };
  if (parameters.run_date)
    yield { path: ['parameters', 'run_date'], message: 'every run has a run date; use another name' };
  for (const name of Object.keys(constants ?? {}))
    if (name === 'run_date' || parameters[name])
      yield { path: ['constants', name], message: `:${name} is what a run is given; use another name` };
}

function* sources({ sources }: Pipeline): Generator<BrokenReference> {
  for (const [name, source] of Object.entries(sources)) {
    yield* taken(name, ['sources', name]);
    const known = Object.keys(source.columns);
    yield* allIn(source.key, known, `column of ${name}`, ['sources', name, 'key']);
    if (source.distinct && source.key.length) {
      const message = 'rows with a `key` are reduced by it already; leave out one of the two';
      yield { path: ['sources', name, 'distinct'], message };
    }
    yield* closed(source.columns, ['sources', name, 'columns']);
    const { date } = source;
    if (date) {
      yield* mustBeIn(date, known, `column of ${name}`, ['sources', name, 'date']);
      const type = source.columns[date]?.type;
      if (type && type !== 'date' && type !== 'timestamp')
        yield { path: ['sources', name, 'date'], message: `'${date}' is ${type}, use a date or timestamp column` };
    } else if (source.lateByDays !== undefined) {
      const message = 'needs `date`, the column that says which day a row is about';
      yield { path: ['sources', name, 'lateByDays'], message };
    }
  }
}

function* tables({ sources, tables, model }: Pipeline): Generator<BrokenReference> {
  const catalogued = Object.keys(sources).map((name) => `raw_${name}`);
  catalogued.push(...Object.keys(tables).map((name) => `${name}_candidate`));
  if (model) catalogued.push('holdout_scores', 'inference_scores', 'model_training_metadata');
  for (const [name, table] of Object.entries(tables)) {
    yield* taken(name, ['tables', name]);
    if (sources[name]) yield { path: ['tables', name], message: 'a source has this name too' };
    if (catalogued.includes(name))
      yield { path: ['tables', name], message: 'the catalogue has another table of this name; use another one' };
    const columns = Object.keys(table.columns);
    yield* allIn(table.key, [...columns, ...table.partitionBy], `column of ${name}`, ['tables', name, 'key']);
    const typed = Object.keys(table.partitionTypes);
    yield* allIn(table.partitionBy, typed, 'key of partitionTypes', ['tables', name, 'partitionBy']);
    for (const column of table.partitionBy)
      if (columns.includes(column)) {
        const message = `'${column}' is among the columns too; a partition is not`;
        yield { path: ['tables', name, 'partitionBy'], message };
      }
    yield* withoutRunDate([...columns, ...table.partitionBy], ['tables', name]);
  }
}

function* counts({ counts, sources }: Pipeline): Generator<BrokenReference> {
  for (const [name, { atMost }] of Object.entries(counts))
    if (atMost) yield* mustBeIn(atMost.of, Object.keys(sources), 'source', ['counts', name, 'atMost', 'of']);
}

function* quality({ quality, tables }: Pipeline): Generator<BrokenReference> {
  for (const [i, rule] of quality.entries()) {
    yield* mustBeIn(rule.table, Object.keys(tables), 'table', ['quality', i, 'table']);
    const columns = tables[rule.table]?.columns;
    if ('column' in rule && columns)
      yield* mustBeIn(rule.column, Object.keys(columns), `column of ${rule.table}`, ['quality', i, 'column']);
  }
}

function* outputs({ outputs, sources, tables }: Pipeline): Generator<BrokenReference> {
  const files: string[] = [];
  for (const [name, { file }] of Object.entries(outputs)) {
    yield* taken(name, ['outputs', name]);
    if (sources[name] || tables[name])
      yield { path: ['outputs', name], message: `a ${tables[name] ? 'table' : 'source'} has this name too` };
    const path = ['outputs', name, 'file'];
    if (/[<>]/.test(file.replace(FILE_COLUMN, '')))
      yield { path, message: `'${file}': write <column>, with the name of a column of the query` };
    if (files.includes(file)) yield { path, message: `another output makes ${file} too` };
    files.push(file);
  }
}

const FILE_COLUMN = /<([a-z][a-z0-9_]*)>/g;

/** `<country>_segments.json` → `country`: the columns whose values name the files of an output. */
export const fileColumns = (file: string): string[] => [
  ...new Set([...file.matchAll(FILE_COLUMN)].map(([, column]) => column ?? '')),
];
