import { afterAll, beforeAll, expect, it } from 'vitest';
import { scoresTableName } from '#lib/names.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import conversionRate from '#lib/pipelines/conversion-rate/pipeline.ts';
import type { Model, Pipeline } from '#lib/pipelines/pipeline.ts';
import propensity from '#lib/pipelines/propensity/pipeline.ts';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { answerOf, predictionOf } from '#lib/serving/scored.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { predictionsQuery, scoredRelation } from '#lib/sql/scored-sql.ts';
import { type Cell, PythonEngines } from '#test/sql/golden/engines.ts';

/**
 * One row over HTTP and millions by SQL: the same answers of a container have to become the same predictions. Asked of
 * the local Athena; that Trino answers the queries alike is for `npm run test:sql`.
 */
let engines: PythonEngines;
beforeAll(() => {
  engines = new PythonEngines();
});
afterAll(() => engines.close());

const which = { execution: 'r', scored: 'm' };
const DAY = '2026-11-20';

/** Rows of a query over answers of a container: label, probabilities, labels. */
async function bySql(pipeline: Pipeline, sql: string, answers: string[][]): Promise<Record<string, Cell>[]> {
  const key = pipeline.predictions?.key ?? [];
  const columns = [...key, 'predicted_label', 'probabilities', 'labels', 'run', 'scored'];
  const rows = answers.map(([label = '', probabilities = '', labels = ''], i) => [
    ...key.map(() => String(i)),
    ...[label, probabilities, labels, which.execution, which.scored],
  ]);
  const table = { columns: Object.fromEntries(columns.map((name) => [name, 'varchar'])), rows };
  const { asked } = await engines.ask(
    'duckdb',
    { [scoresTableName(pipeline.name, 'inference')]: table },
    { asked: sql },
  );
  if (!asked || 'error' in asked) throw new Error(asked?.error ?? 'no answer');
  const named = asked.rows.map((row) => Object.fromEntries(row.map((cell, i) => [asked.columns[i], cell])));
  const [first = ''] = key;
  return named.sort((a, b) => Number(a[first]) - Number(b[first]));
}

const scoringOf = ({ model, predictions }: Pipeline) => ({
  ...(model as Model),
  endpoint: '',
  features: [],
  columns: predictions?.scored ?? {},
});

const BINARY = [
  ['1', '[0.9, 0.1]', "['1', '0']"],
  ['0', '[0.9, 0.1]', "['0', '1']"],
  ['1.0', '[0.30000000000000004,0.7]', '[0, 1]'],
  ['0.0', '[0.80000001, 0.19999999]', '["0", "1"]'],
  ['0', '[0.8, 0.2]', "['0.0', '1.0']"], // just at the threshold: no
  [' 1 ', ' [ 2e-1 , 8E-1 ] ', " [ '0' , '1' ] "],
  ['0', '[1.0]', "['0']"], // no probability of the positive class
  ['0', '[1.0]', "['0', '1']"], // fewer probabilities than labels
  ['0', '', ''],
  ['0', '[]', '[]'],
];

const STAGES = [
  ['Dreamer', '[0.5, 0.25, 0.25]', "['Dreamer', 'Active Searcher', 'Ready to Transact']"],
  ['Active Searcher', '[0.2,0.8]', '["Dreamer","Active Searcher"]'],
  ['Ready to Transact', '[0.5, 0.5]', "['Dreamer', 'Active Searcher']"],
  ['', '[0.4, 0.6]', "['Dreamer', 'Active Searcher']"],
];

it.each([
  ['reorder', reorder, BINARY],
  ['propensity', propensity, BINARY],
  ['buyer-stage', buyerStage, STAGES],
  ['conversion-rate', conversionRate, ['0.25', '1.5', '-0.25', '0', '1', '1e-9', '7.5E-1', ''].map((one) => [one])],
] as const)(
  'a row of %s is answered with what predictions.sql makes of the same answer',
  async (_, pipeline, answers) => {
    const sql = predictionsQuery(await compilePipeline(pipeline), which, DAY);
    const rows = await bySql(pipeline, sql, answers as unknown as string[][]);
    expect(rows).toHaveLength(answers.length);
    const scoring = scoringOf(pipeline);
    for (const [i, answer] of answers.entries())
      expect([answer, predictionOf(scoring, [...answer], DAY)]).toEqual([answer, predicted(rows[i] ?? {}, pipeline)]);
  },
);

/** Without the key, which the caller knows, and the model, which every answer names beside the prediction. */
const predicted = (row: Record<string, Cell>, { predictions }: Pipeline) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !predictions?.key.includes(name) && name !== 'model'));

it('names of several classes are read alike: quotes, commas and blanks in them', async () => {
  const answers = [
    ['Dreamer', '[0.5, 0.25, 0.25]', "['Dreamer', 'Active Searcher', 'Ready to Transact']"],
    ['Active Searcher', '[0.2,0.8]', '["Dreamer","Active Searcher"]'],
    ["it's", '[0.4, 0.6]', `["it's", 'a, b']`],
    ['a, b', '[0.4, 0.6]', `["it's", 'a, b']`],
    ['unknown', '[0.4, 0.6]', "['a', 'b']"],
    ['', '[0.4, 0.6]', "['a', 'b']"],
  ];
  const rows = await bySql(buyerStage, scoredRelation(buyerStage, 'inference', which), answers);
  const scoring = scoringOf(buyerStage);
  for (const [i, answer] of answers.entries()) {
    const { predicted_label, probability } = rows[i] ?? {};
    expect([answer, answerOf(scoring, answer)]).toEqual([answer, { predicted_label, probability }]);
  }
});
