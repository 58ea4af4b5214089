import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pipeline from '#lib/pipelines/reorder/pipeline.ts';
import { rocAuc } from '../../sample-data/library/auc.ts';
import set from '../../sample-data/reorder/generate.ts';

type Row = Record<string, string>;

const committed = fileURLToPath(new URL('../../sample-data/reorder/', import.meta.url));
const MEGABYTE = 1e6;

const dataFiles = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.csv'));

/** Rows of a file whose fields may be quoted but hold no newline. */
function read(file: string): Row[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = head.split(',');
  const cells = (line: string) =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
      cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
    );
  return lines.map((line) => Object.fromEntries(names.map((name, i) => [name, cells(line)[i] ?? ''])));
}

let printed: string[];
let regenerated: string;
const tables: Record<string, Row[]> = {};

beforeAll(() => {
  regenerated = mkdtempSync(join(tmpdir(), 'presage-sample-'));
  printed = set.generate(regenerated, 1);
  for (const name of Object.keys(pipeline.sources)) tables[name] = read(join(committed, `${name}.csv`));
});
afterAll(() => rmSync(regenerated, { recursive: true, force: true }));

const orders = () => tables.orders ?? [];
const lines = () => tables.order_products ?? [];
const printedNumber = (pattern: RegExp) => Number(pattern.exec(printed.join('\n'))?.[1]);
const repeated = (keys: string[]) => keys.length - new Set(keys).size;
const countBy = (keys: (string | undefined)[]) => {
  const counts = new Map<string, number>();
  for (const key of keys) if (key) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

describe('the committed reorder set', () => {
  test('is what the generator makes, byte for byte', () => {
    expect(dataFiles(regenerated)).toEqual(dataFiles(committed));
    for (const name of dataFiles(committed))
      expect(readFileSync(join(regenerated, name)).equals(readFileSync(join(committed, name))), name).toBe(true);
  });

  test('is small enough to live in the repository', () => {
    const bytes = dataFiles(committed).reduce((sum, name) => sum + statSync(join(committed, name)).size, 0);
    expect(bytes).toBeLessThan(0.8 * MEGABYTE);
  });

  test.each(Object.entries(pipeline.sources))('has %s, columns in order', (name, source) => {
    const [head] = readFileSync(join(committed, `${name}.csv`), 'utf8').split('\n');
    expect(head).toBe(Object.keys(source.columns).join(','));
  });

  test('has users with a train order, users with a test order, and enough labelled pairs', () => {
    const sets = countBy(orders().map((order) => order.eval_set));
    expect(sets.get('train')).toBeGreaterThan(100);
    expect(sets.get('test')).toBeGreaterThan(50);
    // 500 have to be left to train on after the holdout and the validation set.
    expect(printedNumber(/labelled pairs: (\d+)/)).toBeGreaterThan(2_000);
  });
});

describe('the signal', () => {
  test('is there, and noisy: the best possible AUC is high and far from 1', () => {
    expect(printedNumber(/best possible AUC: (\S+)/)).toBeGreaterThan(0.8);
    expect(printedNumber(/best possible AUC: (\S+)/)).toBeLessThan(0.92);
  });

  test('is of a rare answer: most products are not bought again', () => {
    expect(printedNumber(/\(([\d.]+) % bought again/)).toBeGreaterThan(8);
    expect(printedNumber(/\(([\d.]+) % bought again/)).toBeLessThan(35);
  });

  test('is scored by the share of pairs in the right order, ties counted half', () => {
    expect(rocAuc([0.1, 0.4, 0.35, 0.8], [false, false, true, true])).toBe(0.75);
    expect(rocAuc([1, 1, 1], [true, false, true])).toBe(0.5);
    expect(rocAuc([1, 2], [true, true])).toBeNaN();
  });
});

describe('the dirt of real deliveries', () => {
  const known = (source: string, key: string) => new Set((tables[source] ?? []).map((row) => row[key]));

  test('orders of the past without lines, train orders among them', () => {
    const filled = known('order_products', 'order_id');
    const empty = countBy(orders().flatMap((order) => (filled.has(order.order_id) ? [] : [order.eval_set])));
    expect(empty.get('prior')).toBeGreaterThan(5);
    expect(empty.get('train')).toBeGreaterThan(0);
  });

  test('lines without an order', () => {
    const known_orders = known('orders', 'order_id');
    expect(lines().filter((line) => line.order_id && !known_orders.has(line.order_id)).length).toBeGreaterThan(5);
  });

  test.each([
    ['orders', ['order_id']],
    ['order_products', ['order_id', 'product_id']],
    ['products', ['product_id']],
  ])('%s repeats keys, and has rows without one', (source, key) => {
    const keys = (tables[source] ?? []).map((row) => key.map((column) => row[column]));
    const whole = keys.filter((values) => values.every(Boolean));
    expect(repeated(whole.map((values) => values.join()))).toBeGreaterThan(3);
    expect(keys.length - whole.length).toBeGreaterThan(1);
  });

  test('some repeated keys contradict each other', () => {
    const ofLine = lines().map((line) => `${line.order_id},${line.product_id}`);
    const whole = new Set(lines().map((line) => Object.values(line).join()));
    expect(whole.size).toBeGreaterThan(new Set(ofLine).size);
  });

  test('orders without a user', () => {
    expect(orders().filter((order) => !order.user_id).length).toBeGreaterThan(2);
  });

  test('days since the order before that are missing beyond the first order', () => {
    const missing = orders().filter((order) => !order.days_since_prior_order && Number(order.order_number) > 1);
    expect(missing.length).toBeGreaterThan(5);
  });

  test('users with a single order, and users with a single order before the one to be predicted', () => {
    const last = new Map<string | undefined, number>();
    for (const { user_id, order_number } of orders().filter((order) => order.user_id))
      last.set(user_id, Math.max(last.get(user_id) ?? 0, Number(order_number)));
    expect([...last.values()].filter((number) => number === 1).length).toBeGreaterThan(2);
    expect([...last.values()].filter((number) => number === 2).length).toBeGreaterThan(2);
  });

  test('products bought once, and products that are in no list', () => {
    const bought = countBy(lines().map((line) => line.product_id));
    expect([...bought.values()].filter((count) => count === 1).length).toBeGreaterThan(3);
    expect([...bought.keys()].filter((id) => !known('products', 'product_id').has(id)).length).toBeGreaterThan(5);
  });

  test('names with quotes, commas, formulas, emoji and ten thousand letters', () => {
    const names = (tables.products ?? []).map((product) => product.product_name ?? '');
    for (const part of ['"', ',', '=HYPERLINK(', '@SUM', '🍌', '"Grand-mère", 4']) {
      expect(
        names.some((name) => name.includes(part)),
        part,
      ).toBe(true);
    }
    expect(Math.max(...names.map((name) => name.length))).toBeGreaterThan(10_240);
  });
});
