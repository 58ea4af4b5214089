import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { levels } from '#lib/constructs/engines.ts';
import { candidateTableName, predictionsTableName, scoresTableName } from '#lib/names.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { metricsQuery } from '#lib/sql/metrics-sql.ts';
import { profileQuery } from '#lib/sql/profile-sql.ts';
import { qualityQuery } from '#lib/sql/quality-sql.ts';
import { baselineColumns, predictionsQuery } from '#lib/sql/scored-sql.ts';
import { columnTypes, tableColumns, withParameters, withRunDate } from '#lib/sql/sql-text.ts';
import { validateQuery } from '#lib/sql/validate-sql.ts';
import { type Answer, type Cell, Engines, type Question, type TestTable } from './engines.ts';
import { daysAfter, exampleOf, type Sample, sampleOf } from './sample-rows.ts';

/**
 * Every query of every pipeline on its sample data: the engines have to give the same rows, and Trino, which is Athena,
 * has to take the generated queries too. What the rows should be is for the tests of each pipeline; buyer-stage has a
 * golden test of its own, with rows made for it.
 */
const pipelines = Object.values(await loadPipelines()).filter(({ name }) => name !== 'buyer-stage');
const which = { execution: 'r1', scored: 'm1' };

let engines: Engines;
beforeAll(async () => {
  engines = await Engines.start();
});
afterAll(() => engines?.close());

describe.each(pipelines.map((pipeline) => [pipeline.name, pipeline] as const))('%s', (_, pipeline) => {
  let compiled: CompiledPipeline;
  let sample: Sample;
  let tables: Record<string, TestTable>;
  const answers: Record<string, Answer> = {};

  beforeAll(async () => {
    sample = await sampleOf(pipeline);
    compiled = await compilePipeline(pipeline, sample.formats);
    tables = { ...sample.tables, ...earlierPredictions(compiled, sample) };
  });

  const filled = (sql: string) => withRunDate(withParameters(sql, pipeline), sample.runDate);
  const question = (name: string): Question => {
    const { athena, spark } = compiled.queries[name] ?? expect.fail(`no query ${name}`);
    return { athena: filled(athena), spark: filled(spark) };
  };
  const ask = async (names: string[]) => {
    const questions = Object.fromEntries(names.map((name) => [name, question(name)]));
    Object.assign(answers, await engines.ask(tables, questions));
  };
  const typesOf = (query: string) => answers[query]?.types.map((type) => type.replace(/\(.*/, ''));

  test('makes the same tables on every engine', async () => {
    for (const level of levels(compiled)) {
      await ask(level);
      for (const name of level) {
        const answer = answers[name] ?? expect.fail();
        const columns = tableColumns(pipeline.tables[name] ?? expect.fail());
        expect(answer.columns).toEqual(Object.keys(columns));
        expect(typesOf(name)).toEqual(Object.values(columns));
        if (!compiled.queries[name]?.predictions) expect(answer.rows, name).not.toEqual([]);
        tables[candidateTableName(pipeline.name, name)] = {
          columns: { ...columns, run_date: 'date' },
          rows: answer.rows.map((row) => [...row, sample.runDate]),
        };
      }
    }
  });

  test('counts the same on every engine, in one row', async () => {
    if (!compiled.queries.counts) return;
    await ask(['counts']);
    expect(answers.counts?.columns).toEqual(Object.keys(pipeline.counts));
    expect(answers.counts?.rows).toHaveLength(1);
    expect(answers.counts?.rows[0]).not.toContain(null);
  });

  test('has one training set and one of what is predicted on every engine', async () => {
    const { model, predictions } = pipeline;
    if (!model || !predictions) return;
    await ask(['training', 'inference']);
    expect(answers.training?.columns).toEqual([...model.trainingKey, ...model.features, model.label]);
    expect(answers.inference?.columns).toEqual([...predictions.key, ...model.features]);
    for (const name of ['training', 'inference']) {
      expect(answers[name]?.rows, name).not.toEqual([]);
      const keys = (name === 'training' ? model.trainingKey : predictions.key).length;
      const key = answers[name]?.rows.map((row) => JSON.stringify(row.slice(0, keys)));
      expect(new Set(key).size, `${name} has rows of one key`).toBe(key?.length);
    }
  });

  test('makes predictions of scores, and judges them', async () => {
    const { model, predictions } = pipeline;
    if (!model || !predictions) return;
    const few = (name: string) => answers[name]?.rows.slice(0, 50) ?? [];
    const keys = model.trainingKey.length;
    const scored = {
      ...scores(
        compiled,
        'inference',
        few('inference').map((row) => row.slice(0, predictions.key.length)),
      ),
      ...scores(
        compiled,
        'holdout',
        few('training').map((row) => [
          ...row.slice(0, keys),
          row.at(-1) ?? null,
          ...baselineColumns(model).map(() => 0.5),
        ]),
      ),
    };
    const asked = {
      predictions: { athena: withParameters(predictionsQuery(compiled, which, sample.runDate), pipeline) },
      metrics: { athena: metricsQuery(pipeline, which) },
    };
    Object.assign(answers, await engines.ask({ ...tables, ...scored }, asked));
    const types = columnTypes(predictions.columns);
    expect(answers.predictions?.columns).toEqual(Object.keys(types));
    expect(typesOf('predictions')).toEqual(Object.values(types));
    expect(answers.predictions?.rows).toHaveLength(few('inference').length);
    expect(answers.metrics?.rows.find(([metric]) => metric === 'rows')?.[1]).toBeGreaterThan(0);
    const name = predictionsTableName(pipeline.name);
    const { columns, rows } = tables[name] ?? expect.fail();
    const today = answers.predictions?.rows.map((row) => [...row, sample.runDate]) ?? [];
    tables[name] = { columns, rows: [...rows, ...today] };
  });

  test('makes the same output files of Athena and of what stands in for it', async () => {
    const asked = Object.keys(pipeline.outputs).map((name) => [name, { athena: question(name).athena }]);
    Object.assign(answers, await engines.ask({ ...tables }, Object.fromEntries(asked)));
    for (const name of Object.keys(pipeline.outputs)) expect(answers[name]?.rows, name).not.toEqual([]);
  });

  test('takes every text for a parameter and nothing more', async () => {
    const odd = Object.fromEntries(
      Object.keys(pipeline.parameters).map((name) => [name, "x' OR '1'='1 \\' $a :run_date"]),
    );
    if (!Object.keys(odd).length) return;
    const first = levels(compiled)[0]?.[0] ?? expect.fail();
    const { athena = '', spark = '' } = compiled.queries[first] ?? {};
    const given = (sql: string) => withRunDate(withParameters(sql, pipeline, odd), sample.runDate);
    const answer = await engines.ask(tables, { odd: { athena: given(athena), spark: given(spark) } });
    expect(answer.odd?.rows).toEqual([]);
  });

  test('has a profile, a quality report and a validation that Athena can compute', async () => {
    const profile = profileQuery(pipeline, { formats: sample.formats }, sample.runDate, Object.keys(pipeline.sources));
    const quality = qualityQuery(pipeline, Object.keys(pipeline.tables), sample.runDate, {});
    const validations = Object.keys(pipeline.tables).map((table) => {
      const sql = withParameters(validateQuery(compiled, table, sample.runDate), pipeline);
      return [`validate ${table}`, { athena: sql }] as const;
    });
    const found = await engines.ask(tables, {
      profile: { athena: profile },
      ...(quality && { quality: { athena: quality } }),
      ...Object.fromEntries(validations),
    });
    const column = (name: string, of: Answer | undefined) => of?.rows.map((row) => row[of.columns.indexOf(name)]);
    expect(column('unreadable', found.profile)?.filter(Boolean)).toEqual([]);
    expect(column('violations', found.quality)?.filter(Boolean) ?? []).toEqual([]);
    for (const [name] of validations)
      for (const difference of ['only_in_query', 'only_in_table', 'different'])
        expect(column(difference, found[name]), `${name}: ${difference}`).toEqual([0]);
  });
});

/** Made-up predictions of a week ago, for the keys the sources have. */
function earlierPredictions(pipeline: CompiledPipeline, sample: Sample): Record<string, TestTable> {
  const { model, predictions } = pipeline;
  if (!model || !predictions) return {};
  const day = daysAfter(sample.runDate, -7);
  const [key = ''] = predictions.key;
  const found = Object.values(sample.tables).find((table) => key in table.columns);
  const at = Object.keys(found?.columns ?? {}).indexOf(key);
  const known = [...new Set(found?.rows.map((row) => row[at] ?? null).filter((cell) => cell !== null && cell !== ''))];
  const rows = known.slice(0, 40).map((value, n) =>
    Object.entries(predictions.columns).map(([name, { type }]): Cell => {
      if (name === key) return type === 'varchar' ? value : Number(value);
      return type === 'date' ? day : exampleOf(type, (n % 4) + 1);
    }),
  );
  const columns = { ...columnTypes(predictions.columns), run_date: 'date' };
  return { [predictionsTableName(pipeline.name)]: { columns, rows: rows.map((row) => [...row, day]) } };
}

/** Transform output of a model that answers its classes in turn: `left` is what stands before the answer. */
function scores(
  pipeline: CompiledPipeline,
  dataset: 'holdout' | 'inference',
  left: Cell[][],
): Record<string, TestTable> {
  const { model, predictions } = pipeline;
  if (!model || !predictions) return {};
  const { classes = [] } = model;
  const before = dataset === 'holdout' ? [...model.trainingKey, 'label', ...baselineColumns(model)] : predictions.key;
  const answer = (i: number): Cell[] => {
    if (!classes.length) return [`0.0${i % 10}`];
    const sure = classes.map((_, j) => (j === i % classes.length ? 0.9 : 0.1 / (classes.length - 1)));
    return [classes[i % classes.length] ?? '', `[${sure.join(', ')}]`, `[${classes.map((c) => `'${c}'`).join(', ')}]`];
  };
  const names = [...before, 'predicted_label', ...(classes.length ? ['probabilities', 'labels'] : [])];
  return {
    [scoresTableName(pipeline.name, dataset)]: {
      columns: Object.fromEntries([...names, 'run', 'scored'].map((name) => [name, 'varchar'])),
      rows: left.map((row, i) => [
        ...row.map((cell) => (cell === null ? '' : String(cell))),
        ...answer(i),
        which.execution,
        which.scored,
      ]),
    },
  };
}
