import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import pipeline from '#lib/pipelines/propensity/pipeline.ts';
import { type Given, Queries, type Row, type SourceRows } from './support/on-duckdb.ts';

const queries = new Queries(pipeline);
afterAll(() => queries.close());

const RUN_DATE = '2026-11-23';
const FLAGS = pipeline.model?.features.slice(-9) ?? [];
const NOTHING = Object.fromEntries(FLAGS.map((flag) => [flag, 0]));

/** `day(-1)` is the day before the run date. */
const day = (offset: number, from = RUN_DATE) =>
  new Date(Date.parse(from) + offset * 86_400_000).toISOString().slice(0, 10);
const COMMITTED = { file: fileURLToPath(new URL('../../sample-data/propensity/events.parquet', import.meta.url)) };
const FIRST = '00:00:00';
const LAST = '23:59:59.999';

/** A page view of the user u on a day. */
const event = (offset: number, more: Row = {}, time = '12:00:00'): Row => ({
  user_id: 'u',
  event_ts: `${day(offset)} ${time}`,
  section: 'home',
  event_category: 'page',
  event_action: 'view',
  ...more,
});
const TRANSFER = { event_category: 'transfer', event_action: 'success' };
const CONVERSION = { event_category: 'term_deposit', event_action: 'success' };

const run = (events: Row[], predictions: Row[] = [], runDate = RUN_DATE) =>
  queries.run({ events }, { runDate, predictions });

/** One table of them, or what one query makes of them. */
async function only(name: string, events: SourceRows, more: Given = {}): Promise<Row[]> {
  const made = await queries.run({ events }, { runDate: RUN_DATE, ...more, only: [name] });
  return made[name] ?? [];
}

/** The features of the one user that there is. */
async function featuresOf(...events: Row[]): Promise<Row> {
  const features = await only('features', events);
  expect(features).toHaveLength(1);
  return features[0] ?? {};
}

describe('the features', () => {
  test('are of sixty days, D-60 to D-1, both ends included', async () => {
    const found = await featuresOf(
      event(-61, TRANSFER, LAST),
      event(-60, TRANSFER, FIRST),
      event(-1, TRANSFER, LAST),
      event(0, TRANSFER, FIRST),
    );
    expect(found).toMatchObject({ user_id: 'u', transfers: 2 });
  });

  test('count transfers, conversions and sections, and say whether the investments were visited', async () => {
    const found = await featuresOf(
      event(-9, TRANSFER),
      event(-8, CONVERSION),
      event(-7, { ...CONVERSION, section: 'investments' }),
      event(-6, { ...TRANSFER, event_action: 'error' }),
      event(-5, { ...CONVERSION, event_category: 'page' }),
      event(-5, { ...CONVERSION, event_action: 'start' }),
      event(-4, { section: null, event_category: null, event_action: null }),
      event(-4, { section: '' }),
      event(-3, { section: 'Investments' }),
    );
    expect(found).toMatchObject({ transfers: 1, conversions: 2, distinct_sections: 3, visited_investments: 1 });
  });

  test('count every event, also one that repeats another in every column', async () => {
    const same = event(-3, TRANSFER);
    expect(await featuresOf(same, same, same)).toMatchObject({ transfers: 3, distinct_sections: 1 });
  });

  test('of a user of whom nothing is known are other, no and zeros', async () => {
    expect(await featuresOf(event(-3))).toEqual({
      user_id: 'u',
      transfers: 0,
      distinct_sections: 1,
      visited_investments: 0,
      conversions: 0,
      user_type: 3,
      is_investor: 0,
      ...NOTHING,
    });
  });

  test('are there for users with an event in the window only, and for none without a time or an id that can be served', async () => {
    const features = await only('features', [
      event(-61, { user_id: 'before' }),
      event(0, { user_id: 'on the day' }),
      event(30, { user_id: 'in the future' }),
      event(-3, { user_id: null }),
      event(-3, { user_id: '' }),
      event(-3, { user_id: 'without a time', event_ts: null }),
      event(-3, { user_id: 'of two\nlines' }),
      event(-3, { user_id: 'x'.repeat(501) }),
      event(-3, { user_id: `=1+1, "o'brien" 🎁` }),
      event(-3, { user_id: 'x'.repeat(500) }),
    ]);
    expect(features?.map((row) => row.user_id).sort()).toEqual([`=1+1, "o'brien" 🎁`, 'x'.repeat(500)]);
  });

  test('do not see what is known of the user before or after the window', async () => {
    const known = { user_type: 'mass', is_investor: 'yes', portfolio: 'bonds_ars' };
    expect(await featuresOf(event(-61, known), event(-3), event(0, known))).toMatchObject({
      user_type: 3,
      is_investor: 0,
      ...NOTHING,
    });
  });
});

describe('the latest known attribute', () => {
  test('is the last one that was said, each attribute by itself', async () => {
    const found = await featuresOf(
      event(-9, { user_type: 'mass', is_investor: 'yes', portfolio: 'stocks_ars' }),
      event(-8, { user_type: 'eminent', is_investor: '', portfolio: '' }),
      event(-7, { user_type: null, is_investor: null, portfolio: '  ' }),
    );
    expect(found).toMatchObject({ user_type: 2, is_investor: 1, ...NOTHING, stocks_ars: 1 });
  });

  test('is the greatest text of those of the same instant', async () => {
    const instant = [
      event(-3, { user_type: 'eminent', is_investor: 'yes', portfolio: 'bonds_usd' }),
      event(-3, { user_type: 'mass', is_investor: 'no', portfolio: 'funds_ars' }),
      event(-3, { user_type: '', is_investor: null, portfolio: ' ' }),
    ];
    const expected = { user_type: 1, is_investor: 1, ...NOTHING, funds_ars: 1 };
    expect(await featuresOf(event(-4, { portfolio: 'stocks_ars' }), ...instant)).toMatchObject(expected);
    expect(await featuresOf(...instant.toReversed())).toMatchObject(expected);
  });

  test('of user_type is a number: 1 and 2 for the known ones as they are written, 3 for all others', async () => {
    const numbers = { mass: 1, eminent: 2, pyme: 3, Mass: 3, ' mass': 3, "'; DROP": 3, ['x'.repeat(10_000)]: 3 };
    const types = Object.keys(numbers);
    const features = await only(
      'features',
      types.flatMap((user_type, i) => [
        event(-4, { user_id: `u${i}`, user_type: 'eminent' }),
        event(-3, { user_id: `u${i}`, user_type }),
      ]),
    );
    const found = types.map((_, i) => features?.find((row) => row.user_id === `u${i}`)?.user_type);
    expect(found).toEqual(Object.values(numbers));
  });

  test('of the portfolio is a flag for each of the nine words that are in it, and none says that nothing is', async () => {
    const portfolios: [portfolio: string, holds: string[]][] = [
      [FLAGS.join(' '), FLAGS],
      ['  bonds_usd   funds_usd ', ['bonds_usd', 'funds_usd']],
      ['none', []],
      ['none cedears_ars', ['cedears_ars']],
      ['crypto', []],
      ['stocksXars bonds_ars_2 STOCKS_ARS stocks_ars,', []],
      ['\u{1F381}"\n', []],
    ];
    const features = await only(
      'features',
      portfolios.flatMap(([portfolio], i) => [
        event(-4, { user_id: `u${i}`, portfolio: 'funds_ars' }),
        event(-3, { user_id: `u${i}`, portfolio }),
      ]),
    );
    const of = (i: number) => features?.find((row) => row.user_id === `u${i}`) ?? {};
    expect(portfolios.map((_, i) => FLAGS.filter((flag) => of(i)[flag] === 1))).toEqual(
      portfolios.map(([, holds]) => holds),
    );
  });
});

describe('the training features', () => {
  test('are of D-67 to D-8 and the label of D-7 to D-1, both ends included', async () => {
    const training_features = await only('training_features', [
      ...[
        event(-68, TRANSFER, LAST),
        event(-67, TRANSFER, FIRST),
        event(-8, TRANSFER, LAST),
        event(-7, TRANSFER, FIRST),
      ],
      ...[
        ['early', -8, LAST],
        ['first', -7, FIRST],
        ['last', -1, LAST],
        ['late', 0, FIRST],
      ].flatMap(([user_id, offset, time]) => [
        event(-30, { user_id: user_id ?? '' }),
        event(Number(offset), { ...CONVERSION, user_id: user_id ?? '' }, String(time)),
        event(-4, { user_id: user_id ?? '' }),
      ]),
    ]);
    const of = (user: string) => training_features?.find((row) => row.user_id === user);
    expect(of('u')).toMatchObject({ transfers: 2, converted: 0 });
    expect(['early', 'first', 'last', 'late'].map((user) => [of(user)?.conversions, of(user)?.converted])).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ]);
  });

  test('are of users who were there in both windows', async () => {
    const training_features = await only('training_features', [
      event(-30, { user_id: 'gone' }),
      event(-3, { user_id: 'new' }),
      event(-68, { user_id: 'too long ago' }),
      event(-3, { user_id: 'too long ago' }),
      event(-67, { user_id: 'both' }),
      event(-1, { user_id: 'both' }),
      event(-30, { user_id: '' }),
      event(-3, { user_id: '' }),
    ]);
    expect(training_features?.map((row) => row.user_id)).toEqual(['both']);
  });

  test('see nothing of the week of the label', async () => {
    const training_features = await only('training_features', [
      event(-30, { user_type: 'mass', portfolio: 'none' }),
      event(-3, {
        ...CONVERSION,
        section: 'investments',
        user_type: 'eminent',
        portfolio: 'bonds_ars',
        is_investor: 'yes',
      }),
    ]);
    expect(training_features?.[0]).toMatchObject({
      ...{ converted: 1, conversions: 0, distinct_sections: 1, visited_investments: 0, user_type: 1, is_investor: 0 },
      bonds_ars: 0,
    });
  });

  test('of a week without a single conversion are all of one class', async () => {
    const training = await only('training', [
      event(-30, CONVERSION),
      event(-3),
      event(-30, { user_id: 'v' }),
      event(-1, { user_id: 'v' }),
    ]);
    expect(training?.map((row) => row.converted)).toEqual(['0', '0']);
  });
});

test('the model gets one column for each type of user, and the label as a text', async () => {
  const { training, inference } = await run([
    ...['mass', 'eminent', 'pyme'].map((user_type) => event(-30, { user_id: user_type, user_type })),
    ...['mass', 'eminent', 'pyme'].map((user_id) => event(-3, { user_id, ...(user_id === 'mass' ? CONVERSION : {}) })),
  ]);
  for (const rows of [training, inference]) {
    const types = rows?.map((row) => [row.user_id, row.user_type_mass, row.user_type_eminent, row.user_type_other]);
    expect(types?.sort()).toEqual([
      ['eminent', 0, 1, 0],
      ['mass', 1, 0, 0],
      ['pyme', 0, 0, 1],
    ]);
  }
  expect(Object.keys(training?.[0] ?? {})).toEqual(['user_id', ...(pipeline.model?.features ?? []), 'converted']);
  expect(Object.keys(inference?.[0] ?? {})).toEqual(['user_id', ...(pipeline.model?.features ?? [])]);
  expect(training?.find((row) => row.user_id === 'mass')?.converted).toBe('1');
});

describe('the evaluation', () => {
  /** Predictions of the week that ended the day before the run date. */
  const predicted = (probas: Record<string, number>, more: Row = {}): Row[] =>
    Object.entries(probas).map(([user_id, proba]) => ({
      ...{ user_id, proba, model: 'm1', predicted_week: day(-7), run_date: day(-7) },
      ...more,
    }));
  const came = (...users: string[]) => users.map((user_id) => event(-3, { user_id }));
  const converted = (...users: string[]) => users.map((user_id) => event(-5, { user_id, ...CONVERSION }));
  const evaluation = (events: Row[], predictions: Row[] = []) => only('model_evaluation', events, { predictions });
  const UNDEFINED = { f1: null, precision: null, recall: null, roc_auc: null };

  test('is of the predicted users who came in the week, at a probability above 0.5', async () => {
    const model_evaluation = await evaluation(
      [...converted('a', 'c', 'g'), ...came('a', 'b', 'd', 'nobody predicted')],
      predicted({ a: 0.9, b: 0.6, c: 0.6, d: 0.2, g: 0.5, 'stayed away': 0.7 }),
    );
    // Pairs: a beats b and d, c draws with b and beats d, g loses to b and beats d.
    expect(model_evaluation).toEqual([
      {
        ...{ model: 'm1', predicted_week: day(-7), tn: 1, fp: 1, fn: 1, tp: 2 },
        ...{ f1: 4 / 6, precision: 2 / 3, recall: 2 / 3, roc_auc: 4.5 / 6 },
      },
    ]);
  });

  test('goes by the days D-7 to D-1, both ends included', async () => {
    const at = (user_id: string, offset: number, time: string) => event(offset, { user_id, ...CONVERSION }, time);
    const model_evaluation = await evaluation(
      [at('a', -8, LAST), at('b', -7, FIRST), at('c', -1, LAST), at('d', 0, FIRST), ...came('a', 'd')],
      predicted({ a: 0.1, b: 0.9, c: 0.8, d: 0.2 }),
    );
    expect(model_evaluation).toMatchObject([{ tn: 2, fp: 0, fn: 0, tp: 2, roc_auc: 1 }]);
  });

  test('is of the predictions of that week alone', async () => {
    const others = [-14, -6, 0].flatMap((offset) =>
      predicted({ a: 0.9, b: 0.1 }, { model: 'other', run_date: day(offset), predicted_week: day(offset) }),
    );
    const events = [...converted('a'), ...came('b')];
    expect(await evaluation(events, others)).toEqual([]);
    expect(await evaluation(events, [...others, ...predicted({ a: 0.9, b: 0.1 })])).toMatchObject([
      { model: 'm1', predicted_week: day(-7) },
    ]);
  });

  test('has no row when nothing was predicted', async () => {
    expect(await evaluation([...converted('a'), ...came('b')])).toEqual([]);
  });

  test('has no measure when none of the predicted users came', async () => {
    const model_evaluation = await evaluation(came('x', 'y'), predicted({ a: 0.9, b: 0.1 }));
    expect(model_evaluation).toEqual([
      { model: 'm1', predicted_week: day(-7), ...UNDEFINED, tn: 0, fp: 0, fn: 0, tp: 0 },
    ]);
  });

  test('has what can be computed where all did the same or have the same score', async () => {
    const cases: Record<string, [probas: Record<string, number>, converted: string[], expected: Row]> = {
      'nobody was foretold to convert or did': [{ a: 0.2, b: 0.1 }, [], { ...UNDEFINED, tn: 2 }],
      'nobody converted': [{ c: 0.9, d: 0.1 }, [], { ...UNDEFINED, f1: 0, precision: 0, tn: 1, fp: 1 }],
      'all converted': [{ e: 0.9, f: 0.1 }, ['e', 'f'], { f1: 2 / 3, precision: 1, recall: 0.5, roc_auc: null }],
      'one score': [{ g: 0.4, h: 0.4 }, ['g'], { f1: 0, precision: null, recall: 0, roc_auc: 0.5 }],
    };
    const model_evaluation = await evaluation(
      Object.values(cases).flatMap(([probas, users]) => [...came(...Object.keys(probas)), ...converted(...users)]),
      Object.entries(cases).flatMap(([model, [probas]]) => predicted(probas, { model })),
    );
    for (const [model, [, , expected]] of Object.entries(cases))
      expect(model_evaluation?.find((row) => row.model === model)).toMatchObject(expected);
  });
});

test('the training features are those of the inference a week before, of the users who came since', async () => {
  const training_features = await only('training_features', COMMITTED);
  const features = await only('features', COMMITTED, { runDate: day(-7) });
  const before = new Map(features.map((row) => [row.user_id, row]));
  expect(training_features.length).toBeGreaterThan(1_000);
  for (const { converted: _, ...row } of training_features) expect(row).toEqual(before.get(row.user_id ?? null));
});

test('what a run of a past week makes does not depend on what has come in since', async () => {
  const past = [event(-67), event(-30, { user_type: 'mass' }), event(-9, CONVERSION), event(-8, TRANSFER)];
  const since = [event(-6, CONVERSION), event(-1, { user_type: 'eminent' }), event(200, TRANSFER)];
  const then = await run(past, [], day(-7));
  expect(await run([...past, ...since], [], day(-7))).toEqual(then);
  expect(then.features).toMatchObject([{ transfers: 1, conversions: 1, user_type: 1 }]);
});

test('what is odd in the events is counted', async () => {
  const counts = await only('counts', [
    event(-68),
    event(-67),
    event(0, CONVERSION),
    event(1, { user_id: null }),
    event(-3, { user_id: null, ...CONVERSION }),
    event(-3, { user_id: '', is_investor: 'yes' }),
    event(-3, { user_id: 'of two\nlines', ...CONVERSION }),
    event(-3, { user_id: 'x'.repeat(501) }),
    event(-3, { is_investor: 'maybe', portfolio: 'stocks_ars crypto crypto' }),
    event(-3, { is_investor: '', portfolio: 'none  stocks_ars ' }),
    event(-7, CONVERSION, FIRST),
    event(-1, CONVERSION, LAST),
    event(-8, CONVERSION, LAST),
  ]);
  expect(counts).toEqual([
    {
      events_without_user: 2,
      events_of_odd_user: 2,
      events_before_window: 1,
      events_of_run_date: 1,
      odd_is_investor: 1,
      odd_portfolio_words: 1,
      conversions_of_the_week: 2,
    },
  ]);
});
