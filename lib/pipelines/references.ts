import type { Column, Model, Pipeline } from '#lib/pipelines/pipeline.ts';
import { metricNames } from '#lib/sql/metrics-sql.ts';
import { answerTypes } from '#lib/sql/scored-sql.ts';

export interface BrokenReference {
  /** Of the field in the definition. */
  path: PropertyKey[];
  message: string;
}

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

/** Values of `oneOf` are of the column's type: texts, or whole numbers. */
function* closed(columns: Record<string, Column>, path: PropertyKey[]): Generator<BrokenReference> {
  for (const [name, { type, oneOf }] of Object.entries(columns)) {
    if (!oneOf) continue;
    const kind = { varchar: 'string', bigint: 'number', integer: 'number' }[type as string];
    const other = oneOf.find((value) => typeof value !== kind);
    if (!kind) yield { path: [...path, name, 'oneOf'], message: `not of a ${type}; use varchar, bigint or integer` };
    else if (other !== undefined) {
      const message = `${JSON.stringify(other)} is no ${type}; use ${kind === 'number' ? 'whole numbers' : 'texts'}`;
      yield { path: [...path, name, 'oneOf', oneOf.indexOf(other)], message };
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

function* withoutRunDate(columns: string[], path: PropertyKey[]): Generator<BrokenReference> {
  if (columns.includes('run_date'))
    yield { path, message: 'run_date is a partition that every table has; use another name for the column' };
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

/** Which objectives SageMaker's AutoML accepts for which problem. */
const OBJECTIVES = { binary: ['AUC'], multiclass: ['F1macro'], regression: ['MSE'] };

function* model({ model, predictions }: Pipeline): Generator<BrokenReference> {
  if (!model) return;
  const { problem, objective, features } = model;
  if (!predictions) yield { path: ['predictions'], message: 'a pipeline with a model says what its predictions are' };
  if (!OBJECTIVES[problem].includes(objective)) {
    const message = `${objective} does not fit ${problem} (use ${OBJECTIVES[problem].join(', ')})`;
    yield { path: ['model', 'objective'], message };
  }
  yield* unfit(model);
  const twice = features.filter((feature, i) => features.indexOf(feature) !== i);
  if (twice.length) yield { path: ['model', 'features'], message: `named twice: ${twice.join(', ')}` };
  const named = [...model.trainingKey, model.label, ...(predictions?.key ?? [])];
  const both = features.filter((feature) => named.includes(feature));
  if (both.length) {
    const message = `${both.join(', ')}: neither a key nor the label is a feature; give the feature another name`;
    yield { path: ['model', 'features'], message };
  }
  const training = [...new Set([...model.trainingKey, ...features])];
  for (const field of ['entity', 'holdoutKey', 'meansBy'] as const)
    yield* allIn(model[field] ?? [], training, 'column of trainingKey or features', ['model', field]);
  yield* allIn(model.record, metricNames(model), `metric of a ${problem} model`, ['model', 'record']);
}

/** Fields that only some models have. */
function* unfit(model: Model): Generator<BrokenReference> {
  const { kind, version, problem, classes, positive, threshold } = model;
  const no = (field: string, message: string) => ({ path: ['model', field], message });
  if (kind === 'script' && !version)
    yield no('version', 'a script model names the version in use: v1, v2, … as in its folder model/');
  if (kind !== 'script' && version) yield no('version', `only a model of kind script has versions, this is ${kind}`);
  if (problem === 'regression') {
    if (classes) yield no('classes', 'a regression has none; leave it out');
  } else if (!classes) yield no('classes', 'a classification lists its classes');
  if (problem !== 'binary') {
    if (positive) yield no('positive', `only a binary model has a positive class, this is ${problem}`);
    if (threshold !== undefined) yield no('threshold', `only a binary model has a threshold, this is ${problem}`);
  } else {
    if (classes && classes.length !== 2) yield no('classes', `a binary model has two, these are ${classes.length}`);
    if (!positive || !classes?.includes(positive))
      yield no('positive', 'a binary model names its positive class, one of `classes`');
  }
  if (model.balanced && (problem === 'regression' || kind !== 'automl'))
    yield no('balanced', `only an automl classification is balanced, this is ${kind} ${problem}`);
  if (model.balanced && model.mode !== 'ENSEMBLING')
    yield no('balanced', `AutoML knows weights of rows in mode ENSEMBLING only, this is ${model.mode}`);
  if (model.meansBy.length && problem !== 'regression')
    yield no('meansBy', `only a regression has means for baselines, this is ${problem}`);
}

function* predictions(pipeline: Pipeline): Generator<BrokenReference> {
  const { predictions, model, tables } = pipeline;
  if (!predictions) return;
  const { key, columns, table } = predictions;
  const names = Object.keys(columns);
  yield* allIn(key, names, 'column of predictions', ['predictions', 'key']);
  if (key.every((name) => names.includes(name)) && key.some((name, i) => names[i] !== name))
    yield { path: ['predictions', 'columns'], message: `the key comes first: ${key.join(', ')}` };
  yield* withoutRunDate(names, ['predictions', 'columns']);
  yield* closed(columns, ['predictions', 'columns']);
  const path = ['predictions', 'table'];
  if (model) {
    if (table) yield { path, message: 'predictions of a model are made by sql/predictions.sql; leave it out' };
    yield* scored(pipeline, model);
    return;
  }
  if (predictions.scored)
    yield { path: ['predictions', 'scored'], message: 'there is no `model` to score a row; leave it out' };
  if (!table) {
    yield { path, message: `without a model, name the table whose rows are served: ${Object.keys(tables).join(', ')}` };
    return;
  }
  yield* mustBeIn(table, Object.keys(tables), 'table', path);
  const served = tables[table];
  if (!served) return;
  const types = { ...served.columns, ...served.partitionTypes };
  for (const [name, { type }] of Object.entries(columns)) {
    const at = ['predictions', 'columns', name];
    yield* mustBeIn(name, Object.keys(types), `column of ${table}`, at);
    const has = types[name]?.type;
    if (has && has !== type) yield { path: at, message: `is ${has} in ${table}, not ${type}` };
  }
}

/** Every answer names its model, so that column is made without being asked for. */
function* scored({ predictions }: Pipeline, model: Model): Generator<BrokenReference> {
  if (!predictions?.scored) return;
  const path = ['predictions', 'scored'];
  const wanted = Object.keys(predictions.columns).filter((name) => !predictions.key.includes(name) && name !== 'model');
  const known = Object.keys(answerTypes(model));
  for (const [name, { of }] of Object.entries(predictions.scored)) {
    yield* mustBeIn(name, wanted, 'column of predictions besides the key', [...path, name]);
    yield* mustBeIn(of, known, `column that a ${model.problem} model answers with`, [...path, name, 'of']);
  }
  for (const name of wanted)
    if (!predictions.scored[name]) yield { path: [...path, name], message: 'is missing: say what it is made of' };
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

function* allIn(names: string[], known: string[], what: string, path: PropertyKey[]): Generator<BrokenReference> {
  for (const [i, name] of names.entries()) yield* mustBeIn(name, known, what, [...path, i]);
}

function* mustBeIn(name: string, known: string[], what: string, path: PropertyKey[]): Generator<BrokenReference> {
  if (!known.includes(name)) yield { path, message: `'${name}' is no ${what} (${suggestion(name, known)})` };
}

/** "did you mean x?" when one known name is close, the list otherwise. */
export function suggestion(name: string, known: string[]): string {
  const near = known.map((k) => [distance(name, k), k] as const).sort((a, b) => a[0] - b[0])[0];
  return near && near[0] <= Math.max(2, name.length / 4) ? `did you mean ${near[1]}?` : `known: ${known.join(', ')}`;
}

/** Levenshtein's distance: one row of the table at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, y] of [...b].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
