import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { profileQuery } from '#lib/sql/profile-sql.ts';
import { validateQuery } from '#lib/sql/validate-sql.ts';
import { compileQueries, endTranslator, refusal, visits, workFolder } from './fixture.ts';

afterAll(endTranslator);

const SIMPLE = 'SELECT user_id, page FROM visit';
const simple = () => visits({ pages: { user_id: 'bigint', page: 'varchar' } });

describe('a compiled query', () => {
  test('reads a CSV source cast from text, up to the run date and once per key', async () => {
    const { queries } = await compileQueries(simple(), { pages: SIMPLE });
    const text = queries.pages?.athena.replace(/\s+/g, ' ') ?? '';
    expect(text).toMatch(/^WITH visit AS \( SELECT/);
    expect(text).toContain('FROM visits_raw_visit');
    expect(text).toContain("CAST(NULLIF(day, '') AS DATE) AS day");
    expect(text).toContain("FROM visits_raw_visit WHERE visit_id <> '' ) AS typed");
    expect(text).toContain('typed.day <= :run_date');
    expect(text).toContain('PARTITION BY typed.visit_id ORDER BY typed.user_id ASC, typed.day ASC');
  });

  test('reads the same source as it is declared where the environment has it in Parquet', async () => {
    const work = workFolder();
    onTestFinished(work.remove);
    work.write({ pages: SIMPLE });
    const { queries } = await compilePipeline(simple(), { visit: 'parquet' }, work.options);
    expect(queries.pages?.athena).toContain('CAST(day AS DATE) AS day');
    expect(queries.pages?.athena).not.toContain('NULLIF');
  });

  test('reads another table as the present run has written it, and says so', async () => {
    const pipeline = visits({ pages: { user_id: 'bigint', page: 'varchar' }, users: { user_id: 'bigint' } });
    const { queries } = await compileQueries(pipeline, { pages: SIMPLE, users: 'SELECT DISTINCT user_id FROM pages' });
    expect(queries.users).toMatchObject({ sources: [], tables: ['pages'] });
    expect(queries.users?.athena.replace(/\s+/g, ' ')).toContain(
      'FROM visits_pages_candidate WHERE run_date = :run_date',
    );
  });

  test('keeps the parameter in both dialects', async () => {
    const { queries } = await compileQueries(simple(), {
      pages: `${SIMPLE} WHERE day >= CAST(:run_date - INTERVAL '7' DAY AS date)`,
    });
    expect(queries.pages?.athena).toContain(":run_date - INTERVAL '7' DAY");
    expect(queries.pages?.spark).toContain(':run_date');
    expect(queries.pages?.spark).not.toContain('CAST(:run_date AS DATE)');
  });

  test('means on Spark what it means on Athena', async () => {
    const pipeline = visits({ pages: { user_id: 'bigint', page: 'varchar' } });
    const { queries } = await compileQueries(pipeline, {
      pages: `SELECT user_id, CAST(TRIM(page) AS varchar) AS page FROM visit WHERE DATE_DIFF('day', day, :run_date) < 3`,
    });
    expect(queries.pages?.spark).toMatch(/TRIM\(BOTH ' ?\\t\\n/);
    expect(queries.pages?.spark).toContain('DATEDIFF(DAY, visit.day, :run_date)');
  });
});

test('the queries of buyer-stage give the declared columns in order', async () => {
  const { queries } = await compilePipeline(buyerStage);
  expect(Object.keys(queries)).toEqual(['features', 'training', 'inference', 'predictions']);
  expect(queries.features?.sources).toHaveLength(5);
  expect(queries.training).toMatchObject({ sources: ['survey'], tables: ['features'] });
});

test('no query of any pipeline is longer than Athena takes', async () => {
  for (const pipeline of Object.values(await loadPipelines())) {
    const compiled = await compilePipeline(pipeline);
    const texts = {
      ...Object.fromEntries(Object.entries(compiled.queries).map(([name, { athena }]) => [name, athena])),
      profile: profileQuery(pipeline, {}, '2020-02-07', Object.keys(pipeline.sources)),
      validate: Object.keys(pipeline.tables)
        .map((table) => validateQuery(compiled, table, '2020-02-07'))
        .join('\n'),
    };
    for (const [name, text] of Object.entries(texts))
      expect(Buffer.byteLength(text), `${name} of ${pipeline.name}`).toBeLessThan(262_144 - 10_000);
  }
});

describe('refused', () => {
  test('a missing file and one that belongs to no table, with their names', async () => {
    const message = await refusal(compileQueries(simple(), { page: SIMPLE }));
    expect(message).toContain('has 2 problems');
    expect(message).toContain('pages.sql (missing-file)');
    expect(message).toContain('page.sql (unknown-file)');
    expect(message).toContain('did you mean pages?');
  });

  test('tables that wait for each other', async () => {
    const pipeline = visits({ one: { user_id: 'bigint' }, two: { user_id: 'bigint' } });
    const message = await refusal(
      compileQueries(pipeline, { one: 'SELECT user_id FROM two', two: 'SELECT user_id FROM one' }),
    );
    expect(message).toContain('one.sql (circle): one needs two');
  });

  test('a column that is called like a word of SQL', async () => {
    const pipeline = visits({ pages: { order: 'bigint' } });
    const message = await refusal(compileQueries(pipeline, { pages: 'SELECT user_id AS "order" FROM visit' }));
    expect(message).toContain('column order of pages (reserved-word)');
  });

  test('a project that is not set up, with what to do', async () => {
    const work = workFolder();
    onTestFinished(work.remove);
    work.write({ pages: SIMPLE });
    const message = await refusal(compilePipeline(simple(), {}, { ...work.options, python: '/nowhere/python' }));
    expect(message).toMatch(/\/nowhere\/python is missing.*npm start/);
  });
});

describe('a translation', () => {
  let work: ReturnType<typeof workFolder>;
  beforeEach(() => {
    work = workFolder();
    work.write({ pages: SIMPLE });
  });
  afterEach(() => work.remove());

  test('is kept, so that the next one starts no Python', async () => {
    const first = await compilePipeline(simple(), {}, work.options);
    expect(readdirSync(work.options.cache ?? '')).toHaveLength(1);
    const second = await compilePipeline(simple(), {}, { ...work.options, python: '/nowhere/python' });
    expect(second).toEqual(first);
  });

  test('is made anew when a query changes', async () => {
    const first = await compilePipeline(simple(), {}, work.options);
    work.write({ pages: 'SELECT user_id, CAST(NULL AS varchar) AS page FROM visit' });
    const second = await compilePipeline(simple(), {}, work.options);
    expect(second.queries.pages?.athena).not.toEqual(first.queries.pages?.athena);
    expect(readdirSync(work.options.cache ?? '')).toHaveLength(2);
  });

  test('is not kept when something is refused', async () => {
    work.write({ pages: 'SELECT page AS user_id, page FROM visit' });
    expect(await refusal(compilePipeline(simple(), {}, work.options))).toContain('declared-columns');
    expect(existsSync(work.options.cache ?? '')).toBe(false);
  });
});
