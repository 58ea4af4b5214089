import { describe, expect, it } from 'vitest';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { outcomeOf } from '#site/logic/answers.ts';
import { valuesOfCsv } from '#site/logic/csv.ts';
import { age, counted, percent, shown } from '#site/logic/format.ts';
import { queryOf } from '#site/logic/look-up.ts';
import { bare, tokenOf, tokenSays } from '#site/logic/token.ts';
import { oddity, parseNumber, readValues, usualText } from '#site/logic/values.ts';
import { type Feature, pageData, scoreForm } from '#site/page-data.ts';
import { REORDER_FEATURES } from '#site/reorder-features.ts';

const { features } = scoreForm(reorder, REORDER_FEATURES);
const named = (name: string) => features.find((feature) => feature.name === name) as Feature;
const line = features.map(({ examples }) => examples[0]).join(',');
const header = features.map(({ name }) => name).join(',');

describe('a number in a field', () => {
  it.each([
    ['20', 20],
    [' -1 ', -1],
    ['0.25', 0.25],
    ['.5', 0.5],
    ['6.', 6],
    ['1e3', 1000],
    ['+4', 4],
  ])('%j is %d', (text, value) => {
    expect(parseNumber(text, false)).toEqual({ value });
  });

  it.each([
    ['', 'is missing'],
    ['0,25', 'has a comma: write decimals with a point'],
    ['NaN', 'is not a number'],
    ['Infinity', 'is not a number'],
    ['0x10', 'is not a number'],
    ['1 000', 'is not a number'],
    ['1e999', 'is too large'],
  ])('%j %s', (text, problem) => {
    expect(parseNumber(text, false)).toEqual({ problem });
  });

  it('that counts something is whole', () => {
    expect(parseNumber('2.5', true)).toEqual({ problem: 'has to be a whole number' });
    expect(parseNumber('9007199254740993', true)).toEqual({ problem: 'has to be a whole number' });
    expect(parseNumber('2.0', true)).toEqual({ value: 2 });
  });

  it('that is unusual is asked about, but for -1 where it means that nothing is known', () => {
    expect(oddity(named('up_order_rate'), 1.5)).toBe('Usually 0 to 1. It is scored as it is.');
    expect(oddity(named('up_order_rate'), -1)).toBeUndefined();
    expect(oddity(named('up_orders'), -1)).toMatch(/^Usually 1 to 100/);
    expect(oddity(named('up_order_rate'), 0.5)).toBeUndefined();
  });

  it('is described with its range, examples and what stands for unknown', () => {
    expect(usualText(named('user_orders'))).toBe('Whole, 1 to 100 · e.g. 22 or 5 · -1 if not known');
  });
});

describe('the values of a form', () => {
  it('are numbers by name', () => {
    const { values, problems } = readValues(features, (name) => String(named(name).examples[1]));
    expect(problems).toEqual([]);
    expect(Object.keys(values).sort()).toEqual(features.map(({ name }) => name).sort());
  });

  it('are all complained of at once, down the page', () => {
    const { problems } = readValues(features, () => '');
    expect(problems).toHaveLength(18);
    expect(problems.slice(0, 2)).toEqual([
      { field: 'up_orders', message: 'is missing' },
      { field: 'up_first_order', message: 'is missing: -1 says that it is not known' },
    ]);
  });
});

describe('a line of CSV', () => {
  const texts = (text: string) => {
    const read = valuesOfCsv(text, features);
    if ('problem' in read) throw new Error(read.problem);
    return read;
  };

  it('has the values in the model’s order', () => {
    expect(texts(line).texts).toMatchObject({ up_orders: '20', up_order_rate_since_first_order: '0.9524' });
    expect(texts(`${line}\r\n`).unknown).toEqual([]);
  });

  it('may come below names, in any order and with others among them', () => {
    const read = texts(`user_id,${header}\n7,${line}`);
    expect(Object.keys(read.texts)).toHaveLength(18);
    expect(read.texts.up_orders).toBe('20');
    expect(texts(`${header.split(',').reverse().join()}\n${line.split(',').reverse().join()}`)).toEqual(texts(line));
  });

  it('may have quotes, tabs or semicolons, as spreadsheets copy it', () => {
    expect(texts(line.replaceAll(',', '\t'))).toEqual(texts(line));
    expect(texts(line.replaceAll(',', ';'))).toEqual(texts(line));
    expect(
      texts(
        line
          .split(',')
          .map((cell) => `"${cell}"`)
          .join(),
      ),
    ).toEqual(texts(line));
  });

  it('with empty values says which are not known', () => {
    const read = texts(line.replace('6.0476', ''));
    expect(read.unknown).toEqual(['user_mean_days_since_prior']);
    expect(read.texts.user_mean_days_since_prior).toBe('-1');
    expect(texts(line.replace('20', '')).texts.up_orders).toBe('');
  });

  it.each([
    ['', 'There is no line yet.'],
    ['1', 'There is 1 value; the model reads 18.'],
    [`${line},3`, 'There are 19 values; the model reads 18.'],
    [`${line}\n${line}`, 'There are 2 lines: paste one line of values.'],
    [header, 'There are names and no values: paste the line below them too.'],
    [`${header}\n1,2`, 'There are 18 names and 2 values.'],
    [`up_orders,up_orders\n1,2`, 'The name up_orders is there twice.'],
    [`${line}"`, 'A quotation mark is not closed.'],
  ])('%j: %s', (text, problem) => {
    expect(valuesOfCsv(text, features)).toEqual({ problem });
  });

  it('without some of the names says which', () => {
    expect(valuesOfCsv('up_orders\n1', features)).toMatchObject({
      problem: expect.stringMatching(/^These columns are missing: user_mean_days_since_prior, .*since_first_order\.$/),
    });
  });
});

describe('a look-up', () => {
  const { lookUps } = pageData({ reorder });
  const [ofReorder] = lookUps;
  if (!ofReorder) throw new Error('reorder has predictions');
  const query = (values: Record<string, string>, lookUp = ofReorder) => queryOf(lookUp, (name) => values[name] ?? '');
  const texts = {
    ...ofReorder,
    pipeline: 'p',
    key: ofReorder.key.map((column) => ({ ...column, type: 'varchar' as const })),
  };

  it('of a whole key asks for one prediction, of its first part for all below it', () => {
    expect(query({ user_id: '7', product_id: ' 9 ' })).toEqual({ kind: 'one', path: '/predictions/reorder/7/9' });
    expect(query({ user_id: '7' })).toEqual({ kind: 'list', path: '/predictions/reorder/7' });
  });

  it('says what is wrong with a key', () => {
    expect(query({})).toEqual({ problems: [{ field: 'user_id', message: 'is missing' }] });
    expect(query({ user_id: '7.5', product_id: 'x' })).toEqual({
      problems: [
        { field: 'user_id', message: 'has to be a whole number' },
        { field: 'product_id', message: 'has to be a whole number' },
      ],
    });
  });

  it('encodes what a path cannot have, and sends in a body what an encoded path cannot have either', () => {
    expect(query({ user_id: 'Côte d’Ivoire', product_id: '5%' }, texts)).toMatchObject({
      path: '/predictions/p/C%C3%B4te%20d%E2%80%99Ivoire/5%25',
    });
    for (const strange of ['a/b', '..'])
      expect(query({ user_id: strange, product_id: 'c' }, texts)).toEqual({
        kind: 'batch',
        path: '/predictions/p',
        body: { keys: [{ user_id: strange, product_id: 'c' }] },
      });
    expect(query({ user_id: 'a/b' }, texts)).toMatchObject({ problems: [{ field: 'user_id' }] });
  });
});

describe('an answer of the API', () => {
  const answered = (status: number, content: unknown, retryAfter: string | null = null) =>
    outcomeOf({ status, content, retryAfter });

  it('is what was asked for', () => {
    expect(answered(200, { a: 1 })).toEqual({ kind: 'done', content: { a: 1 } });
  });

  it('that is no JSON is not the API’s', () => {
    for (const status of [200, 403, 502]) expect(answered(status, undefined)).toMatchObject({ kind: 'failed' });
  });

  it('of 400 names the fields, whatever else is in it', () => {
    const problems = [{ field: 'a', message: 'is missing' }, { field: 3 }, 'x'];
    expect(answered(400, { message: 'No.', problems })).toEqual({
      kind: 'invalid',
      message: 'No.',
      problems: [{ field: 'a', message: 'is missing' }],
    });
    expect(answered(400, [])).toMatchObject({ kind: 'invalid', problems: [] });
  });

  it('of 503 is waited for when that is not long', () => {
    expect(answered(503, { message: 'Cold.' }, '10')).toEqual({ kind: 'later', message: 'Cold.', seconds: 10 });
    expect(answered(503, {})).toMatchObject({ kind: 'later', seconds: 5 });
    expect(answered(503, { message: 'None yet.' }, '60')).toEqual({
      kind: 'failed',
      message: 'None yet. Try again in 60 seconds.',
    });
  });

  it.each([
    [401, 'token'],
    [403, 'token'],
    [404, 'none'],
    [429, 'failed'],
    [500, 'failed'],
    [504, 'failed'],
  ])('of %d is %s', (status, kind) => {
    expect(answered(status, { message: 'x' })).toMatchObject({ kind, message: expect.stringMatching(/\w/) });
  });
});

describe('a token', () => {
  const part = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const made = (claims: unknown) => `${part({})}.${part(claims)}.c2ln`;

  it('says until when and for which pipelines it is good', () => {
    expect(
      tokenSays(made({ exp: 5, scope: 'presage/reorder.read presage/reorder.score presage/buyer-stage.read' })),
    ).toEqual({
      expires: 5000,
      reads: ['reorder', 'buyer-stage'],
    });
  });

  it('that says nothing is one all the same', () => {
    expect(tokenSays('opaque')).toBeUndefined();
    expect(tokenSays('a.!!.c')).toBeUndefined();
    expect(tokenSays(made({}))).toEqual({ reads: [] });
  });

  it('comes from the fragment or the clipboard', () => {
    expect(tokenOf('#token=a.b-c.d_e')).toBe('a.b-c.d_e');
    for (const other of ['', '#score', '#token=', '#token=<b>']) expect(tokenOf(other)).toBeUndefined();
    expect(bare(' Bearer a.b.c\n')).toBe('a.b.c');
  });
});

describe('what is shown', () => {
  /** No line ends before the sign. */
  const spaced = (share: number) => percent(share).replace('\u00a0', ' ');

  it('of a probability is a percentage that never claims to be sure', () => {
    expect([0, 0.0004, 0.2, 0.12345, 0.9999, 1].map(spaced)).toEqual([
      '0 %',
      'less than 0.1 %',
      '20 %',
      '12.3 %',
      'more than 99.9 %',
      '100 %',
    ]);
  });

  it('of a prediction depends on its column', () => {
    expect(shown({ name: 'proba', type: 'double' }, 0.5)).toBe('50\u00a0%');
    expect(shown({ name: 'voucher_amount', type: 'double' }, 2640.5)).toBe('2,640.5');
    expect(shown({ name: 'will_reorder', type: 'boolean' }, false)).toBe('unlikely');
    expect(shown({ name: 'buyer_stage', type: 'varchar' }, null)).toBe('–');
  });

  it('of counts and ages reads as people say it', () => {
    expect([counted(1, 'field'), counted(1200, 'field')]).toEqual(['1 field', '1,200 fields']);
    expect([0, 1, 9].map(age)).toEqual(['today', '1 day ago', '9 days ago']);
  });
});
