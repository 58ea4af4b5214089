import { scoresTableName } from '#lib/names.ts';
import type { ColumnType, CompiledPipeline, Model, Pipeline } from '#lib/pipelines/pipeline.ts';
import { doubleLiteral, literal, withRunDate } from './sql-text.ts';

/** Which transform output: of this execution, made by this model. */
export interface Scored {
  execution: string;
  scored: string;
}

/**
 * The columns of the relation `scored`, which `predictions.sql` reads: the key, then for a classification
 * `predicted_label`, `probability` (of that label), `positive_probability` (binary), `above_threshold` (where the model
 * has a threshold), `labels` and `probabilities` (in the same order); for a regression `predicted_value`;
 * last `model`, the name of the model that said so.
 */
export function scoredColumns(pipeline: Pipeline): Record<string, string> {
  const { model, predictions } = pipeline;
  if (!model || !predictions) return {};
  return { ...columnTypes(pipeline, predictions.key), ...answerTypes(model), model: 'varchar' };
}

/** Those of them that are the model's answer. */
export function answerTypes(model: Model): Record<string, string> {
  if (model.problem === 'regression') return { predicted_value: 'double' };
  return {
    predicted_label: 'varchar',
    probability: 'double',
    ...(model.problem === 'binary' && { positive_probability: 'double' }),
    ...(model.threshold !== undefined && { above_threshold: 'boolean' }),
    labels: 'array(varchar)',
    probabilities: 'array(double)',
  };
}

/**
 * What the holdout of a regression says besides its label: what naive guessers that saw only the training rows answer.
 * `baseline_mean` is their mean, `baseline_mean_by_<column>` that of the rows that agree in a column.
 */
export const baselineColumns = (model: Model): string[] =>
  model.problem === 'regression'
    ? ['baseline_mean', ...model.meansBy.map((column) => `baseline_mean_by_${column}`)]
    : [];

/**
 * The scored rows of a dataset, typed: a SELECT. The holdout has `label` besides, and `label_probability` or the
 * `baselineColumns`.
 */
export function scoredRelation(pipeline: Pipeline, dataset: 'holdout' | 'inference', which: Scored): string {
  const { model, predictions } = pipeline;
  if (!model || !predictions) throw new Error(`${pipeline.name} has no model: nothing of it is scored`);
  const keys = columnTypes(pipeline, dataset === 'holdout' ? model.trainingKey : predictions.key);
  const key = Object.entries(keys).map(([name, type]) => `CAST(NULLIF(${name}, '') AS ${type}) AS ${name}`);
  const where = `WHERE run = ${literal(which.execution)} AND scored = ${literal(which.scored)}`;
  const from = `FROM ${scoresTableName(pipeline.name, dataset)} ${where}`;
  if (model.problem === 'regression') {
    const number = (column: string, name = column) => `CAST(NULLIF(${column}, '') AS double) AS ${name}`;
    const judged = dataset === 'holdout' ? ['label', ...baselineColumns(model)].map((column) => number(column)) : [];
    return `SELECT ${[...key, ...judged, number('predicted_label', 'predicted_value')].join(', ')} ${from}`;
  }
  const parsed = [
    ...key,
    ...(dataset === 'holdout' ? [`${normalised("NULLIF(label, '')")} AS label`] : []),
    `${normalised("NULLIF(predicted_label, '')")} AS predicted_label`,
    `${labelList('labels')} AS labels`,
    `${numberList('probabilities')} AS probabilities`,
  ];
  const probabilityOf = (label: string) => `ELEMENT_AT(probabilities, NULLIF(ARRAY_POSITION(labels, ${label}), 0))`;
  const positive = probabilityOf(literal(normalisedLabel(model.positive ?? '')));
  const columns = [
    ...Object.keys(keys),
    ...(dataset === 'holdout' ? ['label', `${probabilityOf('label')} AS label_probability`] : []),
    'predicted_label',
    `${probabilityOf('predicted_label')} AS probability`,
    ...(model.problem === 'binary' ? [`${positive} AS positive_probability`] : []),
    ...(model.threshold === undefined ? [] : [`${positive} > ${doubleLiteral(model.threshold)} AS above_threshold`]),
    'labels',
    'probabilities',
  ];
  return `SELECT ${columns.join(', ')} FROM (SELECT ${parsed.join(', ')} ${from}) AS answered`;
}

/** `predictions.sql` over the scored rows of one transform: what is unloaded. */
export function predictionsQuery(pipeline: CompiledPipeline, which: Scored, runDate: string): string {
  const query = pipeline.queries.predictions;
  if (!query) throw new Error(`${pipeline.name} has no query of predictions`);
  const names = Object.keys(pipeline.predictions?.columns ?? {}).map((name) => `predictions.${name}`);
  const by = `CAST(${literal(which.scored)} AS varchar) AS model`;
  const scored = `SELECT answers.*, ${by} FROM (${scoredRelation(pipeline, 'inference', which)}) AS answers`;
  return `WITH scored AS (${scored})\nSELECT ${names.join(', ')} FROM (${withRunDate(query.athena, runDate)}) AS predictions`;
}

/** How a class comes back depends on what the container took it for: `1` and `1.0` are one class. */
export const normalisedLabel = (label: string) =>
  /^[+-]?[0-9]+\.0*$/.test(label.trim()) ? label.trim().replace(/\.0*$/, '') : label.trim();

const normalised = (text: string) =>
  `CASE WHEN REGEXP_LIKE(TRIM(${text}), '^[+-]?[0-9]+\\.0*$') THEN REGEXP_REPLACE(TRIM(${text}), '\\.0*$', '') ELSE TRIM(${text}) END`;

/**
 * Lists come as text: `['Dreamer', 'Active Searcher']`, `["it's"]`, `[0, 1]`. Quoted elements are parted at quote,
 * comma, quote, so that a comma inside a name stays; the parts are put together again with a character no name has.
 */
function labelList(column: string): string {
  const inner = `NULLIF(REGEXP_REPLACE(${column}, '^\\s*\\[\\s*[''"]?|[''"]?\\s*\\]\\s*$', ''), '')`;
  const quoted = `REGEXP_REPLACE(${inner}, '[''"]\\s*,\\s*[''"]', CHR(31))`;
  const bare = `REGEXP_REPLACE(${inner}, '\\s*,\\s*', CHR(31))`;
  const parted = `CASE WHEN REGEXP_LIKE(${column}, '^\\s*\\[\\s*[''"]') THEN ${quoted} ELSE ${bare} END`;
  return `TRANSFORM(SPLIT(${parted}, CHR(31)), one -> ${normalised('one')})`;
}

const numberList = (column: string) =>
  `CAST(SPLIT(NULLIF(REGEXP_REPLACE(${column}, '\\[|\\]|\\s', ''), ''), ',') AS array(double))`;

/** Where a definition says the type of a feature, by column; the first that has it counts. */
export const featurePlaces = ({ model, tables, sources }: Pipeline) => [
  model?.derived ?? {},
  ...Object.values(tables).flatMap((table) => [table.columns, table.partitionTypes]),
  ...Object.values(sources).map((source) => source.columns),
];

/** A column of a model has the type it has wherever the definition names it first. */
export function columnTypes(pipeline: Pipeline, names: string[]): Record<string, ColumnType> {
  const places = [pipeline.predictions?.columns ?? {}, ...featurePlaces(pipeline)];
  // Not named at all: a label, which is a text to whoever reads it.
  const typeOf = (name: string) => places.find((columns) => columns[name])?.[name]?.type ?? 'varchar';
  return Object.fromEntries(names.map((name) => [name, typeOf(name)]));
}
