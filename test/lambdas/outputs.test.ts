import { gunzipSync } from 'node:zlib';
import { AthenaClient, GetQueryResultsCommand } from '@aws-sdk/client-athena';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { upload } from '#lambdas/shared/upload.ts';
import { resultRows } from '#lambdas/write-output/athena-csv.ts';
import { fileName } from '#lambdas/write-output/file-name.ts';
import { handler } from '#lambdas/write-output/handler.ts';
import { withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { etlPayload, eventOf, finished } from '#test/lambdas/support/world.ts';

const RESULT = 's3://sandbox/athena/query.csv';
const FOLDER = 's3://sandbox/homes/outputs/run_date=2020-02-07/run=run-1/';
const athena = mockClient(AthenaClient);
let s3: ReturnType<typeof fakeS3>;

beforeEach(() => {
  athena.reset();
  s3 = fakeS3();
});

/** Writes an output whose query gave this result file, the last column of this type. */
async function written(output: string, csv: string, type = 'double') {
  s3.put(RESULT, csv);
  const ResultSet = {
    ResultSetMetadata: {
      ColumnInfo: [
        { Name: 'x', Type: 'varchar' },
        { Name: 'y', Type: type },
      ],
    },
  };
  athena.on(GetQueryResultsCommand).resolves({ ResultSet });
  const jobs = { [`output-${output}`]: finished('athena', RESULT) };
  return handler(eventOf(etlPayload({ jobs }) as EtlPayload & MlPayload, { output }));
}

const textOf = (name: string) => {
  const bytes = s3.objects.get(`${FOLDER}${name}`);
  return name.endsWith('.gz') ? gunzipSync(bytes ?? Buffer.alloc(0)).toString() : bytes?.toString();
};

describe('an output of rows', () => {
  withDefinition({ outputs: { rates: { file: 'rates.csv.gz' }, parts: { file: 'rates_<device>.csv.gz' } } });

  it('has a header and quotes only where a value needs them', async () => {
    const { outputs } = await written('rates', '"id","name"\n"1","plain"\n"2","a ""b"", c"\n"3",\n"4","two\nlines"\n');
    expect(outputs).toEqual({ rates: [`${FOLDER}rates.csv.gz`] });
    expect(textOf('rates.csv.gz')).toBe('id,name\n1,plain\n2,"a ""b"", c"\n3,\n4,"two\nlines"\n');
  });

  it('is a file with its header alone, and a notice, when there are no rows', async () => {
    const { outputs, notices } = await written('rates', '"id","name"\n');
    expect(outputs?.rates).toHaveLength(1);
    expect(textOf('rates.csv.gz')).toBe('id,name\n');
    expect(notices).toEqual(['rates.csv.gz: its query gave no rows']);
  });

  it('is one file for each value of the column it is named by, in whatever order the rows come', async () => {
    const { outputs } = await written('parts', '"device","cr"\n"Tablet","0.1"\n"Computer","0.2"\n"Tablet","0.3"\n');
    expect(outputs?.parts).toEqual([`${FOLDER}rates_Computer.csv.gz`, `${FOLDER}rates_Tablet.csv.gz`]);
    expect(textOf('rates_Tablet.csv.gz')).toBe('device,cr\nTablet,0.1\nTablet,0.3\n');
  });

  it('keeps the files of other outputs in the result', async () => {
    s3.put(RESULT, '"id"\n');
    athena.on(GetQueryResultsCommand).resolves({});
    const jobs = { 'output-rates': finished('athena', RESULT) };
    const before = etlPayload({ jobs, outputs: { parts: ['s3://p'] } }) as EtlPayload & MlPayload;
    const { outputs } = await handler(eventOf(before, { output: 'rates' }));
    expect(Object.keys(outputs ?? {})).toEqual(['parts', 'rates']);
  });
});

describe('an output of nested objects', () => {
  withDefinition({ outputs: { best: { file: '<country>_best.json' }, all: { file: 'all.json' } } });

  it('is one file per country, a level for each column, numbers as numbers', async () => {
    const csv =
      '"country","name","segment","amount"\n"Peru","b","5-13","2640.0"\n"Peru","a","0-4","1.5E7"\n"Chile","a","0-4",\n';
    const { outputs } = await written('best', csv);
    expect(outputs?.best).toEqual([`${FOLDER}Chile_best.json`, `${FOLDER}Peru_best.json`]);
    expect(JSON.parse(textOf('Peru_best.json') ?? '')).toEqual({ b: { '5-13': 2640 }, a: { '0-4': 15_000_000 } });
    expect(JSON.parse(textOf('Chile_best.json') ?? '')).toEqual({ a: { '0-4': null } });
  });

  it('keeps the order of the rows, whatever the keys look like', async () => {
    await written('all', '"k","v"\n"10","1"\n"9","2"\n"__proto__","3"\n', 'bigint');
    expect(textOf('all.json')).toBe('{\n  "10": 1,\n  "9": 2,\n  "__proto__": 3\n}\n');
  });

  it.each([
    ['varchar', '"1"', '"1"'],
    ['boolean', '"true"', 'true'],
    ['bigint', '"9007199254740993"', '9007199254740993'],
    ['double', '"NaN"', 'null'],
  ])('writes a %s as JSON has it', async (type, value, expected) => {
    await written('all', `"k","v"\n"a",${value}\n`, type);
    expect(textOf('all.json')).toBe(`{\n  "a": ${expected}\n}\n`);
  });

  it.each([
    ['two rows of one place', '"k","v"\n"a","1"\n"a","2"\n', /two rows have the keys a/],
    ['a row without its key', '"k","v"\n,"1"\n', /a row has no k/],
  ])('is refused with %s', async (_, csv, message) => {
    await expect(written('all', csv)).rejects.toMatchObject({
      name: 'OutputRejected',
      message: expect.stringMatching(message),
    });
  });
});

describe('the name of a file', () => {
  const named = (value: string | null) => fileName('<country>_data.json', () => value);

  it('cannot lead out of its folder', () => {
    expect(named('../../etc')).toBe('%2E%2E%2F%2E%2E%2Fetc_data.json');
    expect(named("Côte d'Ivoire")).toBe('C%C3%B4te%20d%27Ivoire_data.json');
  });

  it('is refused when its value is missing or longer than names may be', () => {
    expect(() => named(null)).toThrow('a row has no country');
    expect(() => named('x'.repeat(200))).toThrow(/is too long/);
  });
});

describe('reading a result of Athena', () => {
  it('gives the same rows however the bytes are cut', async () => {
    const csv = Buffer.from('"a","b"\r\n"é ""x""",\n"","last"');
    for (const size of [1, 2, 3, 100]) {
      const chunks = Array.from({ length: Math.ceil(csv.length / size) }, (_, i) =>
        csv.subarray(i * size, (i + 1) * size),
      );
      const rows: unknown[] = [];
      for await (const row of resultRows(
        (async function* () {
          yield* chunks;
        })(),
      ))
        rows.push(row);
      expect(rows).toEqual([
        ['a', 'b'],
        ['é "x"', null],
        ['', 'last'],
      ]);
    }
  });

  it('does not take a result that breaks off for a whole one', async () => {
    const read = async () => {
      for await (const _ of resultRows(
        (async function* () {
          yield Buffer.from('"a","b');
        })(),
      ));
    };
    await expect(read()).rejects.toThrow('ends inside a value');
  });
});

describe('an upload', () => {
  async function* megabytes(count: number) {
    for (let i = 0; i < count; i += 1) yield Buffer.alloc(1024 ** 2, i);
  }

  it('of a small file is one request', async () => {
    await upload('s3://b/k', megabytes(2), 'text/plain');
    expect(s3.mock.commandCalls(PutObjectCommand)).toHaveLength(1);
  });

  it('of a large one is sent in parts that S3 accepts, in order', async () => {
    s3.mock.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.mock.on(UploadPartCommand).callsFake(({ PartNumber }) => ({ ETag: `e${PartNumber}` }));
    s3.mock.on(CompleteMultipartUploadCommand).resolves({});
    await upload('s3://b/k', megabytes(20), 'text/plain');
    const parts = s3.mock.commandCalls(UploadPartCommand).map(({ args: [{ input }] }) => (input.Body as Buffer).length);
    expect(parts.reduce((a, b) => a + b)).toBe(20 * 1024 ** 2);
    for (const size of parts.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(5 * 1024 ** 2);
    const [end] = s3.mock.commandCalls(CompleteMultipartUploadCommand);
    expect(end?.args[0].input.MultipartUpload?.Parts?.map(({ ETag }) => ETag)).toEqual(['e1', 'e2', 'e3']);
  });
});
