import { afterAll, describe, expect, test } from 'vitest';
import type { PipelineInput } from '#lib/pipelines/pipeline.ts';
import { compileQueries, endTranslator, refusal, visits } from './fixture.ts';

afterAll(endTranslator);

/** What each kind of query gives and may read: tables are in compile.test.ts. */
const PAGES = 'SELECT user_id, page FROM visit';
const pages = (more: Partial<PipelineInput> = {}) => visits({ pages: { user_id: 'bigint', page: 'varchar' } }, more);
const flat = (sql = '') => sql.replace(/\s+/g, ' ');

const MODEL: Partial<PipelineInput> = {
  model: {
    kind: 'automl',
    problem: 'binary',
    objective: 'AUC',
    label: 'bought',
    classes: ['0', '1'],
    positive: '1',
    threshold: 0.2,
    features: ['page'],
    trainingKey: ['user_id'],
    entity: ['user_id'],
    trainEveryDays: 30,
  },
  predictions: { key: ['user_id'], columns: { user_id: 'bigint', value: 'double' } },
};
const MODEL_QUERIES = {
  pages: PAGES,
  training: 'SELECT user_id, page, CAST(1 AS bigint) AS bought FROM pages',
  inference: 'SELECT user_id, page FROM pages',
  predictions: 'SELECT user_id, positive_probability AS value FROM scored WHERE above_threshold',
};

describe('the counts', () => {
  const counted = pages({ counts: { unknown: { says: 'visits without a page' }, all_rows: { says: 'all visits' } } });
  const sql = 'SELECT COUNT(*) AS all_rows, COUNT_IF(page IS NULL) AS unknown FROM visit';

  test('are whole numbers over the sources, in the order of the definition', async () => {
    const cast = sql.replace(/(COUNT\S*\(.*?\)) AS/g, 'CAST($1 AS bigint) AS');
    const { queries } = await compileQueries(counted, { pages: PAGES, counts: cast });
    expect(queries.counts).toMatchObject({ sources: ['visit'], tables: [], predictions: false });
    expect(flat(queries.counts?.athena)).toMatch(/SELECT projected.unknown, projected.all_rows FROM \( SELECT/);
  });

  test('do not stop at values that are unreadable: the profile tells of those', async () => {
    const { queries } = await compileQueries(counted, {
      pages: PAGES,
      counts: 'SELECT CAST(COUNT(*) AS bigint) AS all_rows, CAST(COUNT(user_id) AS bigint) AS unknown FROM visit',
    });
    expect(flat(queries.counts?.athena)).toContain("TRY_CAST(NULLIF(user_id, '') AS BIGINT) AS user_id");
    expect(flat(queries.pages?.athena)).toContain(" CAST(NULLIF(user_id, '') AS BIGINT) AS user_id");
  });

  test('read no table', async () => {
    const message = await refusal(
      compileQueries(counted, { pages: PAGES, counts: sql.replace('FROM visit', 'FROM pages') }),
    );
    expect(message).toContain('counts may not read pages; it reads: visit, person, country');
  });
});

describe('an output', () => {
  const exported = pages({ outputs: { by_page: { file: '<page>.json' } } });

  test('has the columns its query gives, in its order', async () => {
    const { queries } = await compileQueries(exported, {
      pages: PAGES,
      by_page: 'SELECT page, COUNT(*) AS n FROM pages GROUP BY page ORDER BY page ASC NULLS LAST',
    });
    expect(queries.by_page).toMatchObject({ sources: [], tables: ['pages'] });
    expect(flat(queries.by_page?.athena)).toMatch(/SELECT page, COUNT\(\*\) AS n FROM pages GROUP BY page ORDER BY/);
  });

  test.each([
    ['a source', 'SELECT page FROM visit', 'by_page may not read visit; it reads: pages'],
    ['a column without a name', 'SELECT page, COUNT(*) FROM pages GROUP BY page', 'COUNT(*) has no name'],
    ['a name twice', 'SELECT page, user_id AS page FROM pages', 'twice: page'],
    ['no column for the name of the file', 'SELECT user_id FROM pages', 'missing: page'],
  ])('is refused for %s', async (_, sql, text) => {
    expect(await refusal(compileQueries(exported, { pages: PAGES, by_page: sql }))).toContain(text);
  });
});

describe('the published predictions', () => {
  test('are there for every query, with the run date of each', async () => {
    const pipeline = visits({ pages: { user_id: 'bigint', page: 'varchar' }, judged: { user_id: 'bigint' } }, MODEL);
    const { queries } = await compileQueries(pipeline, {
      ...MODEL_QUERIES,
      judged: `SELECT user_id FROM predictions WHERE run_date = CAST(:run_date - INTERVAL '7' DAY AS date)`,
    });
    expect(queries.judged).toMatchObject({ predictions: true, tables: [], sources: [] });
    expect(queries.pages?.predictions).toBe(false);
    expect(flat(queries.judged?.athena)).toContain('SELECT user_id, value, run_date FROM visits_predictions )');
  });

  test('are no relation of a pipeline without a model', async () => {
    const message = await refusal(compileQueries(pages(), { pages: 'SELECT user_id, page FROM predictions' }));
    expect(message).toContain('predictions is neither a source nor a table');
  });
});

describe('a parameter', () => {
  const sql = `${PAGES} WHERE :country = '' OR page = :country OR day < :run_date`;

  test('is a text that stays in both dialects', async () => {
    const { queries } = await compileQueries(pages({ parameters: { country: { says: 'one country' } } }), {
      pages: sql,
    });
    for (const text of [queries.pages?.athena, queries.pages?.spark]) {
      expect(flat(text)).toMatch(/:country = ''/);
      expect(flat(text)).not.toMatch(/CAST\(:country/);
    }
  });

  test('is refused when nobody declared it, and so is a text that looks like one', async () => {
    const message = await refusal(
      compileQueries(pages({ parameters: { county: { says: 'one county' } } }), {
        pages: `${sql} OR page = 'of :run_date'`,
      }),
    );
    expect(message).toContain('(unknown-parameter): :country is no parameter; did you mean county?');
    expect(message).toContain(':run_date would be replaced within a text too');
  });
});

test('a constant of the definition is a text in both dialects, whatever is in it', async () => {
  const pipeline = pages({ constants: { home: "it's home" } });
  const { queries } = await compileQueries(pipeline, { pages: `${PAGES} WHERE page = :home` });
  expect(flat(queries.pages?.athena)).toContain("page = 'it''s home'");
  expect(flat(queries.pages?.spark)).toContain(String.raw`page = 'it\'s home'`);
});

test('a source without a key gives every row, or each once where it is distinct', async () => {
  const source: PipelineInput['sources'][string] = {
    format: 'parquet',
    key: [],
    columns: { timestamp: 'varchar', week: 'integer' },
  };
  const pipeline = visits(
    { pages: { timestamp: 'varchar', week: 'integer' } },
    { sources: { once: { ...source, distinct: true }, repeated: source } },
  );
  const { queries } = await compileQueries(pipeline, {
    pages:
      'SELECT once.timestamp, once.week FROM once UNION ALL SELECT repeated.timestamp, repeated.week FROM repeated',
  });
  const text = flat(queries.pages?.athena);
  expect(text).toContain('once AS ( SELECT DISTINCT timestamp, week FROM (');
  expect(text).toContain('repeated AS ( SELECT timestamp, week FROM (');
});

describe('declared columns', () => {
  const compile = (sql: string) => compileQueries(pages(), { pages: sql });
  const PROJECTED = 'SELECT projected.user_id, projected.page FROM (';

  test.each([
    ['another order', 'SELECT page, user_id FROM visit'],
    ['a star that has more', 'SELECT visit.* FROM visit'],
    ['a star and columns of its own', "WITH few AS (SELECT user_id, day FROM visit) SELECT few.*, '' AS page FROM few"],
    ['a union in another order', 'SELECT page, user_id FROM visit UNION ALL SELECT name, user_id FROM person'],
  ])('are taken by name from %s', async (_, sql) => {
    const { queries } = await compile(sql.replace("'' AS", 'CAST(NULL AS varchar) AS'));
    expect(flat(queries.pages?.athena)).toContain(PROJECTED);
    expect(flat(queries.pages?.spark)).toContain(PROJECTED);
    expect(flat(queries.pages?.athena)).toMatch(/^WITH visit AS/);
  });

  test('in their order are left as they are written', async () => {
    const { queries } = await compile(PAGES);
    expect(queries.pages?.athena).not.toContain('projected');
  });

  test.each([
    ['one that is missing', 'SELECT person.* FROM person', 'missing: page'],
    [
      'one that is written and not declared',
      'SELECT visit.*, person.name FROM visit INNER JOIN person ON person.user_id = visit.user_id',
      'not declared: name',
    ],
    [
      'one that two stars bring',
      'SELECT visit.*, person.* FROM visit INNER JOIN person ON person.user_id = visit.user_id',
      'twice: user_id',
    ],
    ['another type, wherever it stands', 'SELECT day AS page, user_id FROM visit', 'page is date, declared varchar'],
    [
      'unions of different widths',
      'SELECT user_id, page FROM visit UNION ALL SELECT user_id FROM visit',
      'gives 2 columns, another 1',
    ],
    ['a column without a name', 'SELECT user_id, CAST(page AS varchar) FROM visit', 'has no name'],
  ])('are refused for %s', async (_, sql, text) => {
    expect(await refusal(compile(sql))).toContain(text);
  });
});
