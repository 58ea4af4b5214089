import { allIn, type BrokenReference, closed, mustBeIn, withoutRunDate } from '#lib/pipelines/names-known.ts';
import type { Model, Pipeline } from '#lib/pipelines/pipeline.ts';
import { metricNames } from '#lib/sql/metrics-sql.ts';
import { answerTypes, featurePlaces } from '#lib/sql/scored-sql.ts';

/** Which objectives SageMaker's AutoML accepts for which problem. */
const OBJECTIVES = { binary: ['AUC'], multiclass: ['F1macro'], regression: ['MSE'] };

export function* model(pipeline: Pipeline): Generator<BrokenReference> {
  const { model, predictions } = pipeline;
  if (!model) return;
  const { problem, objective, features, derived } = model;
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
  const columns = featurePlaces(pipeline).flatMap((place) => Object.keys(place));
  const unknown = features.filter((feature) => !columns.includes(feature));
  if (unknown.length) {
    const message = `no table has ${unknown.join(', ')}: say their types in \`derived\`, or mend the name`;
    yield { path: ['model', 'features'], message };
  }
  for (const name of Object.keys(derived)) yield* mustBeIn(name, features, 'feature', ['model', 'derived', name]);
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

export function* predictions(pipeline: Pipeline): Generator<BrokenReference> {
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
  const known = [...Object.keys(answerTypes(model)), 'run_date'];
  for (const [name, { of }] of Object.entries(predictions.scored)) {
    yield* mustBeIn(name, wanted, 'column of predictions besides the key', [...path, name]);
    yield* mustBeIn(of, known, `column that a ${model.problem} model answers with`, [...path, name, 'of']);
  }
  for (const name of wanted)
    if (!predictions.scored[name]) yield { path: [...path, name], message: 'is missing: say what it is made of' };
}
