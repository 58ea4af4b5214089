import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parses } from '#lambdas/inspect-sources/csv.ts';
import { checkCsv } from '#lambdas/inspect-sources/csv-object.ts';
import { fieldsOf, lineOf } from '#lib/csv.ts';
import type { Column } from '#lib/pipelines/pipeline.ts';

const declared: Record<string, Column> = {
  member_id: { type: 'varchar' },
  survey_date: { type: 'date' },
  visits: { type: 'bigint' },
};
const check = (text: string | Uint8Array, pieces = 1) =>
  checkCsv(Readable.from(cut(Buffer.from(text as string), pieces)), declared);
const cut = (data: Buffer, pieces: number) =>
  Array.from({ length: pieces }, (_, i) => data.subarray((i * data.length) / pieces, ((i + 1) * data.length) / pieces));
const HEAD = 'member_id,survey_date,visits\n';

describe('a CSV object', () => {
  it('is sound when every value parses as its declared type, empty ones being null', async () => {
    const found = await check(`${HEAD}m1,2020-02-01,3\nm2,,\n"m,3",2020-02-29,-1\n`);
    expect(found).toEqual({ header: ['member_id', 'survey_date', 'visits'], rows: 3, problems: [] });
  });

  it('is read alike however the stream is cut, inside a character too', async () => {
    const text = `${HEAD}mé1,2020-02-01,3\nm→2,2020-02-01,3\n`;
    expect(await check(text, Buffer.byteLength(text))).toEqual(await check(text));
  });

  it('finds columns by the names of the header, whatever their order, case, byte order mark and line ends', async () => {
    const found = await check('\uFEFFVisits,more,Member_Id,survey_date\r\n3,x,m1,2020-02-01\r\n');
    expect(found).toEqual({ header: ['visits', 'more', 'member_id', 'survey_date'], rows: 1, problems: [] });
  });

  it('names every column that is missing', async () => {
    expect((await check('member_id\nm1\n')).problems).toEqual([
      'column survey_date is missing',
      'column visits is missing',
    ]);
  });

  it('says how many values of a column do not parse, and where the first one is', async () => {
    const { problems } = await check(`${HEAD}m1,2020-02-30,3\nm2,yesterday,3.5\nm3,2020-02-01,x\n`);
    expect(problems).toEqual([
      'column survey_date: 2 value(s) are no date, first in line 2: "2020-02-30"',
      'column visits: 2 value(s) are no bigint, first in line 3: "3.5"',
    ]);
  });

  it('refuses a line break inside a quoted field, which Athena would take for two rows', async () => {
    expect((await check(`${HEAD}m1,2020-02-01,3\n"m\n2",2020-02-01,3\n`)).problems).toEqual([
      'line 3: a quoted field does not end on its line; line breaks inside fields are not supported',
    ]);
  });

  it('counts lines with another number of fields than the header', async () => {
    expect((await check(`${HEAD}m1,2020-02-01\nm2,2020-02-01,3,4\n`)).problems).toEqual([
      '2 line(s) with another number of fields than the header, first in line 2 (2 instead of 3)',
    ]);
  });

  it('names the line that holds bytes which are not UTF-8', async () => {
    const text = Buffer.concat([Buffer.from(`${HEAD}m1,2020-02-01,3\nm`), Buffer.from([0xff]), Buffer.from(',,\n')]);
    expect((await check(text)).problems).toEqual(['is unreadable: line 3 holds bytes that are not UTF-8']);
  });

  it('has no rows when it is a header only, and no header when it has no line', async () => {
    expect(await check(HEAD)).toMatchObject({ rows: 0, problems: [] });
    expect((await check('')).problems).toEqual(['has no header line']);
  });

  it('refuses a column that is there twice', async () => {
    expect((await check('member_id,survey_date,visits,visits\n')).problems).toEqual(['column visits is there twice']);
  });
});

describe('a CSV line', () => {
  it('may quote fields that hold commas and doubled quotes', () => {
    expect(fieldsOf('a,"b,""c""",,"",d')).toEqual(['a', 'b,"c"', '', '', 'd']);
  });

  it('has quotes where a value needs them, so that it is read as it was written', () => {
    const values = ['a', 'b,"c"', '', ' d ', "e'f"];
    expect(lineOf(values)).toBe(`a,"b,""c""","", d ,e'f`);
    expect(fieldsOf(lineOf(values))).toEqual(values);
    expect(lineOf([null, '1', null])).toBe(',1,');
  });

  it('is no record when a quote is left open', () => {
    expect(fieldsOf('a,"b')).toBeUndefined();
  });
});

describe('a CSV value', () => {
  it.each([
    ['12', 'bigint', true],
    ['1.0', 'bigint', false],
    [' 1', 'bigint', false],
    ['1e3', 'double', true],
    ['.5', 'double', true],
    ['NaN', 'double', false],
    ['TRUE', 'boolean', true],
    ['yes', 'boolean', false],
    ['2020-02-29', 'date', true],
    ['2019-02-29', 'date', false],
    ['29.02.2020', 'date', false],
    ['2020-02-01 10:00:00.123456', 'timestamp', true],
    ['2020-02-01T10:00:00', 'timestamp', false],
    ['', 'date', true],
  ] as const)('%j as %s: %s', (text, type, fits) => {
    expect(parses(text, type)).toBe(fits);
  });
});
