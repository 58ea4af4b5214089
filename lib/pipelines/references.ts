import type { Pipeline } from '#lib/pipelines/pipeline.ts';

export interface BrokenReference {
  /** Of the field in the definition. */
  path: PropertyKey[];
  message: string;
}

/** What the shape of a definition cannot say: names that must exist elsewhere in it, and choices that must fit. */
export function brokenReferences(pipeline: Pipeline): BrokenReference[] {
  return [
    ...sources(pipeline),
    ...tables(pipeline),
    ...quality(pipeline),
    ...model(pipeline),
    ...predictions(pipeline),
  ];
}

function* sources({ sources }: Pipeline): Generator<BrokenReference> {
  for (const [name, source] of Object.entries(sources)) {
    const known = Object.keys(source.columns);
    yield* allIn(source.key, known, `column of ${name}`, ['sources', name, 'key']);
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

function* tables({ sources, tables }: Pipeline): Generator<BrokenReference> {
  for (const [name, table] of Object.entries(tables)) {
    if (sources[name]) yield { path: ['tables', name], message: 'a source has this name too' };
    const known = [...Object.keys(table.columns), ...table.partitionBy];
    yield* allIn(table.key, known, `column of ${name}`, ['tables', name, 'key']);
    const typed = Object.keys(table.partitionTypes);
    yield* allIn(table.partitionBy, typed, 'key of partitionTypes', ['tables', name, 'partitionBy']);
  }
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
  const { problem, objective, classes, positive, features } = model;
  if (!predictions) yield { path: ['predictions'], message: 'a pipeline with a model says what its predictions are' };
  if (!OBJECTIVES[problem].includes(objective)) {
    const message = `${objective} does not fit ${problem} (use ${OBJECTIVES[problem].join(', ')})`;
    yield { path: ['model', 'objective'], message };
  }
  if (problem !== 'regression' && !classes)
    yield { path: ['model', 'classes'], message: 'a classification lists its classes' };
  if (problem === 'binary' && (!positive || !classes?.includes(positive)))
    yield { path: ['model', 'positive'], message: 'a binary model names its positive class, one of `classes`' };
  const twice = features.filter((feature, i) => features.indexOf(feature) !== i);
  if (twice.length) yield { path: ['model', 'features'], message: `named twice: ${twice.join(', ')}` };
}

function* predictions({ predictions }: Pipeline): Generator<BrokenReference> {
  if (!predictions) return;
  const { key, columns } = predictions;
  yield* allIn(key, Object.keys(columns), 'column of predictions', ['predictions', 'key']);
}

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
