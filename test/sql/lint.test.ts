import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileQueries, endTranslator, refusal, visits } from './fixture.ts';

afterAll(endTranslator);

/** Rule → a query that breaks it (each gives the one column user_id) and what the message has to recommend. */
const REFUSED: [rule: string, what: string, sql: string, instead: string][] = [
  [
    'ratio',
    'a division of integers',
    'visit.user_id / visit.visit_id',
    'CAST(visit.user_id AS double) / NULLIF(visit.visit_id, 0)',
  ],
  [
    'ratio',
    'a division by what may be zero',
    'CAST(visit.seconds AS double) / visit.seconds',
    'NULLIF(visit.seconds, 0)',
  ],
  ['decimal', 'a decimal number', 'visit.seconds * 1.5', 'write 1.5E0'],
  ['decimal', 'a decimal type', 'CAST(visit.page AS decimal(10, 2))', 'use double or bigint'],
  ['date-arithmetic', 'a shifted date', "MONTH(visit.day + INTERVAL '1' DAY)", 'CAST('],
  ['date-arithmetic', 'date_add of a date', "MONTH(DATE_ADD('day', 1, visit.day))", 'AS date)'],
  ['date-arithmetic', 'a truncated date', "MONTH(DATE_TRUNC('month', visit.day))", 'AS date)'],
  [
    'date-arithmetic',
    'date_add by hours',
    "MONTH(CAST(DATE_ADD('hour', 1, visit.moment) AS date))",
    "INTERVAL '1' HOUR",
  ],
  ['date-arithmetic', 'a difference in months', "DATE_DIFF('month', visit.day, visit.day)", "date_diff('day', …)"],
  [
    'date-arithmetic',
    'a difference of timestamps',
    "DATE_DIFF('day', visit.moment, visit.day)",
    'CAST(visit.moment AS date)',
  ],
  ['day-of-week', 'day_of_week', 'DAY_OF_WEEK(visit.day)', 'MOD(DATE_DIFF('],
  ['day-of-week', 'dow', 'DOW(visit.day)', 'MOD(DATE_DIFF('],
  ['day-of-week', 'extract(dow)', 'EXTRACT(DOW FROM visit.day)', 'MOD(DATE_DIFF('],
  [
    'round-before-integer',
    'a double cut to an integer',
    'CAST(visit.seconds AS bigint)',
    'CAST(ROUND(visit.seconds) AS bigint)',
  ],
  [
    'number-to-text',
    'a double as text',
    'LENGTH(CAST(visit.seconds AS varchar))',
    'keep numbers in columns of their own',
  ],
  ['try-cast', 'try_cast to an integer', 'TRY_CAST(visit.page AS bigint)', 'to double or date only'],
  ['null-in-greatest', 'a possible null in least', 'LEAST(visit.seconds, 1E0)', 'write COALESCE(visit.seconds, …)'],
  ['split-part', 'split_part', "LENGTH(SPLIT_PART(visit.page, '/', 1))", 'element_at(split('],
  ['json', 'a JSON value', 'LENGTH(JSON_FORMAT(JSON_PARSE(visit.page)))', 'json_extract_scalar'],
  ['not-portable', 'approx_percentile', 'APPROX_PERCENTILE(visit.seconds, 5E-1)', 'row_number'],
  ['not-portable', 'map_agg', 'CARDINALITY(MAP_AGG(visit.page, visit.day))', 'one row per key'],
  ['not-portable', 'histogram', 'CARDINALITY(HISTOGRAM(visit.page))', 'GROUP BY'],
  [
    'not-portable',
    'listagg',
    "LENGTH(LISTAGG(visit.page, ',') WITHIN GROUP (ORDER BY visit.page NULLS LAST))",
    'one row per value',
  ],
  ['not-portable', 'skewness', 'SKEWNESS(visit.seconds)', 'of sums'],
  ['not-portable', 'slice', "CARDINALITY(SLICE(SPLIT(visit.page, '/'), 1, 2))", 'element_at'],
  ['not-portable', 'format_datetime', "LENGTH(FORMAT_DATETIME(visit.moment, 'yyyy'))", 'year(d)'],
  ['not-portable', 'any_value', 'ANY_VALUE(visit.user_id)', 'MIN(x)'],
  ['not-portable', 'if without an else', 'IF(visit.bought, 1)', 'CASE WHEN'],
  ['not-portable', 'try', 'TRY(visit.user_id)', 'NULLIF'],
  ['not-portable', 'round with digits', 'ROUND(visit.seconds, 2)', 'whole numbers'],
  ['not-portable', 'a function nobody has compared', 'LEVENSHTEIN_DISTANCE(visit.page, visit.page)', 'PORTABLE'],
  ['wall-clock', 'the clock', "DATE_DIFF('day', CURRENT_DATE, visit.day)", 'write :run_date'],
  ['wall-clock', 'chance', 'CAST(ROUND(RANDOM()) AS bigint)', 'write :run_date'],
  ['row-number-order', 'row_number without an order', 'ROW_NUMBER() OVER (PARTITION BY visit.user_id)', 'ORDER BY'],
  [
    'nulls-order',
    'an order without a place for nulls',
    'ROW_NUMBER() OVER (ORDER BY visit.page, visit.visit_id NULLS LAST)',
    'NULLS LAST',
  ],
];

/** Rules about more than an expression. */
const REFUSED_QUERIES: [rule: string, what: string, sql: string, instead: string][] = [
  ['one-query', 'two statements', 'SELECT 1; SELECT 2', 'write one SELECT'],
  ['one-query', 'a statement that changes something', 'DROP TABLE visit', 'write one SELECT'],
  ['syntax', 'what is no SQL', 'SELECT user_id FROM visit WHERE (', 'write one SELECT'],
  [
    'not-portable',
    'WITH ORDINALITY',
    "SELECT CAST(w.n AS bigint) AS user_id FROM visit CROSS JOIN UNNEST(SPLIT(visit.page, ' ')) WITH ORDINALITY AS w (word, n)",
    'row_number',
  ],
  ['row-number-order', 'a limit without an order', 'SELECT user_id FROM visit LIMIT 3', 'ORDER BY'],
  [
    'coalesced-key',
    'a full join by the neighbour’s key',
    `SELECT CAST(COALESCE(visit.user_id, person.user_id, country.user_id) AS bigint) AS user_id
     FROM visit
     FULL OUTER JOIN person ON person.user_id = visit.user_id
     FULL OUTER JOIN country ON country.user_id = person.user_id`,
    'COALESCE(…) of the key in person, visit',
  ],
  [
    'coalesced-key',
    'full joins USING',
    'SELECT CAST(user_id AS bigint) AS user_id FROM visit FULL OUTER JOIN person USING (user_id) FULL OUTER JOIN country USING (user_id)',
    'write ON',
  ],
  [
    'own-name',
    'a WITH that hides a source',
    'WITH person AS (SELECT user_id FROM visit) SELECT user_id FROM person',
    'use another name',
  ],
  ['unknown-table', 'a table nobody declared', 'SELECT user_id FROM visits', 'did you mean visit?'],
  ['unknown-table', 'a name with a database', 'SELECT user_id FROM presage_dev.visit', 'write visit'],
  [
    'unknown-column',
    'a column nobody declared',
    'SELECT visit.user_idd AS user_id FROM visit',
    'did you mean user_id?',
  ],
  [
    'unknown-column',
    'a column of two relations',
    'SELECT user_id FROM visit INNER JOIN person ON person.user_id = visit.user_id',
    'write visit.user_id',
  ],
  ['declared-columns', 'another column', 'SELECT user_id, page FROM visit', 'each declared column once'],
  ['declared-columns', 'another type', 'SELECT page AS user_id FROM visit', 'CAST(visit.page AS bigint)'],
  ['declared-columns', 'an uncast sum', 'SELECT user_id + 1 AS user_id FROM visit', 'AS bigint)'],
];

const all = [
  ...REFUSED.map(([rule, what, sql, instead]) => ({
    rule,
    what,
    instead,
    sql: `-- user_id\nSELECT\n  CAST(${sql} AS bigint) AS user_id\nFROM visit\n`,
    line: 3,
  })),
  ...REFUSED_QUERIES.map(([rule, what, sql, instead]) => ({ rule, what, instead, sql, line: undefined })),
].map((refused, i) => ({ ...refused, table: `case_${i}` }));

describe('a query outside the portable subset is refused by the name of the rule, with what to write instead', () => {
  let lines: string[];
  beforeAll(async () => {
    const pipeline = visits(Object.fromEntries(all.map(({ table }) => [table, { user_id: 'bigint' as const }])));
    lines = (
      await refusal(compileQueries(pipeline, Object.fromEntries(all.map(({ table, sql }) => [table, sql]))))
    ).split('\n');
  }, 60_000);

  test.each(all)('$rule: $what', ({ table, rule, instead, line }) => {
    const found = lines.filter((text) => text.includes(`/${table}.sql`));
    expect(found.join('\n')).toContain(`(${rule}): `);
    const own = found.filter((text) => text.includes(`(${rule}): `)).join('\n');
    expect(own).toContain(instead);
    if (line) expect(own).toContain(`/${table}.sql:${line} `);
    // A case that is a double is not rounded before the cast around it, and one of no type is not cast.
    const besides = ['(declared-columns)', '(round-before-integer)', `(${rule}): `];
    expect(found.filter((text) => besides.every((name) => !text.includes(name)))).toEqual([]);
  });

  test('and every problem is said at once, after their number', () => {
    expect(lines[0]).toBe(`The SQL of visits has ${lines.length - 1} problems:`);
    expect(lines.length).toBeGreaterThanOrEqual(all.length);
  });
});

test('what the rules recommend passes', async () => {
  const pipeline = visits({ good: { user_id: 'bigint', value: 'double', day: 'date' } });
  const compiled = await compileQueries(pipeline, {
    good: `WITH numbered AS (
      SELECT visit.*, ROW_NUMBER() OVER (PARTITION BY visit.user_id ORDER BY visit.day DESC NULLS LAST, visit.visit_id ASC NULLS LAST) AS place
      FROM visit
    )
    SELECT
      CAST(COALESCE(numbered.user_id, person.user_id, country.user_id) AS bigint) AS user_id,
      CAST(CAST(numbered.seconds AS double) / NULLIF(LEAST(COALESCE(numbered.seconds, 0E0), 9E1), 0) AS double) AS value,
      CAST(numbered.day + INTERVAL '1' DAY AS date) AS day
    FROM numbered
    FULL OUTER JOIN person ON person.user_id = numbered.user_id
    FULL OUTER JOIN country ON country.user_id = COALESCE(numbered.user_id, person.user_id)
    WHERE numbered.place = 1 AND DATE_DIFF('day', numbered.day, :run_date) < 60 AND TRY_CAST(numbered.page AS double) > 15E-1`,
  });
  expect(compiled.queries.good?.sources).toEqual(['visit', 'person', 'country']);
});
