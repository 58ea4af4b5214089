import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pipeline from '#lib/pipelines/conversion-rate/pipeline.ts';
import set from '../../sample-data/conversion-rate/generate.ts';

type Row = Record<string, string>;

const FILE = 'keyword_stats.csv.gz';
const committed = fileURLToPath(new URL(`../../sample-data/conversion-rate/${FILE}`, import.meta.url));
const DEVICES = ['Computer', 'Smartphone', 'Tablet'];
const MEGABYTE = 1e6;

let printed: string[];
let regenerated: string;
let header: string[];
let rows: Row[];

beforeAll(() => {
  regenerated = mkdtempSync(join(tmpdir(), 'presage-sample-'));
  printed = set.generate(regenerated, 1);
  const [head = '', ...lines] = gunzipSync(readFileSync(committed)).toString('utf8').trimEnd().split('\n');
  header = head.split(',');
  rows = lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']));
  });
});
afterAll(() => rmSync(regenerated, { recursive: true, force: true }));

const printedNumber = (start: string) =>
  Number(/[\d.]+$/.exec(printed.find((line) => line.startsWith(start)) ?? '')?.[0]);
const keyed = () => rows.filter((row) => row.entity_id && row.device && row.week);
const keyOf = (row: Row) => `${row.entity_id} ${row.device} ${row.week}`;
function grouped(all: Row[], key: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of all) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}
const attributesOf = (row: Row) => header.filter((name) => name.startsWith('att')).map((name) => row[name]);

describe('the committed conversion-rate set', () => {
  test('is what the generator makes: the same rows, whatever packed them', () => {
    const text = (path: string) => gunzipSync(readFileSync(path));
    expect(text(join(regenerated, FILE)).equals(text(committed))).toBe(true);
  });

  test('is small enough to live in the repository', () => {
    expect(statSync(committed).size).toBeLessThan(0.5 * MEGABYTE);
  });

  test('has the columns of the source in order, and attributes that are 0 or 1 only', () => {
    expect(header).toEqual(Object.keys(pipeline.sources.keyword_stats?.columns ?? {}));
    const other = rows.find((row) => attributesOf(row).some((value) => value !== '0' && value !== '1'));
    expect(other).toBeUndefined();
  });

  test('has two weeks and three devices', () => {
    expect([...new Set(keyed().map((row) => row.week))].sort()).toEqual(['202645', '202646']);
    const devices = new Set(keyed().map((row) => row.device));
    expect(DEVICES.every((device) => devices.has(device))).toBe(true);
  });
});

describe('its dirt', () => {
  test('has rows without a click and rows with more conversions than clicks', () => {
    expect(rows.some((row) => row.clicks === '0')).toBe(true);
    expect(rows.some((row) => Number(row.conversions) > Number(row.clicks))).toBe(true);
  });

  test('has unknown devices, in fewer than one of a hundred rows', () => {
    const unknown = keyed().filter((row) => !DEVICES.includes(row.device ?? ''));
    expect(unknown.length).toBeGreaterThan(10);
    expect(unknown.length / keyed().length).toBeLessThan(0.01);
  });

  test('has repeated keys, some of which contradict each other', () => {
    const byKey = grouped(keyed(), keyOf);
    const repeated = [...byKey.values()].filter((copies) => copies.length > 1);
    const contradicting = repeated.filter((copies) => new Set(copies.map((row) => row.clicks)).size > 1);
    expect(contradicting.length).toBeGreaterThan(5);
    expect(repeated.length).toBeGreaterThan(contradicting.length + 5);
  });

  test('has rows that lack each part of the key', () => {
    for (const column of ['entity_id', 'device', 'week'])
      expect(
        rows.some((row) => !row[column]),
        column,
      ).toBe(true);
  });

  test('has entities whose attributes differ between the weeks', () => {
    const byEntity = grouped(keyed(), (row) => row.entity_id ?? '');
    const conflicts = [...byEntity.values()].filter(
      (all) => new Set(all.map((row) => attributesOf(row).join(''))).size > 1,
    );
    expect(conflicts.length).toBeGreaterThan(5);
  });
});

describe('the signal', () => {
  test('is there: the truth is far better than all that can be said without a model', () => {
    const least = printedNumber('least possible');
    for (const guess of ['MSE of always 0', 'MSE of the mean', "MSE of the device's mean"])
      expect(least, guess).toBeLessThan(0.7 * printedNumber(guess));
  });

  test('is noisy: most of a rate is the chance of few clicks', () => {
    expect(printedNumber('least possible')).toBeGreaterThan(0.5 * printedNumber('MSE of the mean'));
  });

  test('comes with enough pairs to train on after a fifth is held out', () => {
    expect(0.8 * printedNumber('pairs to train on')).toBeGreaterThan(500);
  });
});
