import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pipeline from '#lib/pipelines/buyer-stage/pipeline.ts';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import set from '../../sample-data/buyer-stage/generate.ts';
import { STAGES } from '../../sample-data/buyer-stage/stage.ts';

type Row = Record<string, unknown>;

const committed = fileURLToPath(new URL('../../sample-data/buyer-stage/', import.meta.url));
const WINDOWS = ['001', '007', '030', '060', '090'];
const MEGABYTE = 1e6;

const dataFiles = (folder: string) => readdirSync(folder).filter((name) => /\.(parquet|csv)$/.test(name));
const day = (value: unknown) => (value instanceof Date ? value.toISOString().slice(0, 10) : null);
const keyOf = (row: Row) => `${row.member_id} ${day(row.snapshot_date)}`;
const hasKey = (row: Row) => Boolean(row.member_id) && row.snapshot_date !== null;

let printed: string[];
let regenerated: string;
const tables: Record<string, Row[]> = {};
let survey: string[][];

beforeAll(async () => {
  regenerated = mkdtempSync(join(tmpdir(), 'presage-sample-'));
  printed = set.generate(regenerated, 1);
  for (const days of WINDOWS)
    tables[days] = await parquetReadObjects({
      file: await asyncBufferFromFile(join(committed, `consumer_summary_t${days}.parquet`)),
    });
  const lines = readFileSync(join(committed, 'survey.csv'), 'utf8').trimEnd().split('\n');
  survey = lines.slice(1).map((line) => line.split(','));
});

afterAll(() => rmSync(regenerated, { recursive: true, force: true }));

const window = (days: string) => tables[days] ?? [];
const everyRow = () => WINDOWS.flatMap(window);

/** The numbers of the printed line that starts so. */
function score(line: string): { accuracy: number; macroF1: number } {
  const text = printed.find((each) => each.startsWith(line)) ?? '';
  const [accuracy = Number.NaN, macroF1 = Number.NaN] = [...text.matchAll(/0\.\d+/g)].map(Number);
  return { accuracy, macroF1 };
}

describe('the committed buyer-stage set', () => {
  test('is what the generator makes, byte for byte', () => {
    expect(dataFiles(regenerated)).toEqual(dataFiles(committed));
    for (const name of dataFiles(committed))
      expect(readFileSync(join(regenerated, name)).equals(readFileSync(join(committed, name))), name).toBe(true);
  });

  test('is small enough to live in the repository', () => {
    const bytes = dataFiles(committed).reduce((sum, name) => sum + statSync(join(committed, name)).size, 0);
    expect(bytes).toBeLessThan(1.5 * MEGABYTE);
  });

  test('has every source of the pipeline, columns in order', async () => {
    for (const [name, source] of Object.entries(pipeline.sources)) {
      const expected = Object.keys(source.columns);
      const path = join(committed, `${name}.${source.format}`);
      if (source.format === 'csv') expect(readFileSync(path, 'utf8').split('\n')[0]?.split(',')).toEqual(expected);
      else {
        const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path));
        expect(schema.slice(1).map((column) => column.name)).toEqual(expected);
      }
    }
  });

  test('has about 2,000 members on twelve days up to 2026-11-20 and nothing later', () => {
    const days = [...new Set(everyRow().map((row) => day(row.snapshot_date)))].filter((date) => date !== null).sort();
    expect(days).toHaveLength(12);
    expect(days.at(-1)).toBe('2026-11-20');
    expect(
      survey
        .map(([, date]) => date)
        .sort()
        .at(-1),
    ).toBe('2026-11-20');
    expect(new Set(everyRow().map((row) => row.member_id)).size).toBeGreaterThan(1_200);
  });

  test('has windows that agree: what happened in a short one is part of the longer one', () => {
    const sum = (row: Row) => Number(row.total_ldp_page_views ?? 0);
    WINDOWS.slice(1).forEach((long, i) => {
      const longer = new Map(
        window(long)
          .filter(hasKey)
          .map((row) => [keyOf(row), row]),
      );
      const compared = window(WINDOWS[i] ?? '').filter((row) => hasKey(row) && row.total_ldp_page_views !== null);
      const wrong = compared.filter((row) => {
        const other = longer.get(keyOf(row));
        return other && other.total_ldp_page_views !== null && sum(other) < sum(row);
      });
      expect(wrong).toEqual([]);
    });
  });
});

describe('the signal', () => {
  test('is there: the best possible score is far above always naming the commonest stage', () => {
    expect(score('majority class').macroF1).toBeLessThan(0.2);
    expect(score('best possible').macroF1).toBeGreaterThan(0.6);
  });

  test('is noisy: no model can come near a perfect score', () => {
    expect(score('likeliest true class').accuracy).toBeLessThan(0.8);
    expect(score('best possible').macroF1).toBeLessThan(0.75);
  });

  test('comes with enough answers, half of them of active searchers', () => {
    expect(Number(/labelled rows: (\d+)/.exec(printed.join('\n'))?.[1])).toBeGreaterThan(1_500);
    const searching = survey.filter(([, , stage]) => stage === 'Active Searcher').length;
    expect(searching / survey.length).toBeGreaterThan(0.4);
    expect(searching / survey.length).toBeLessThan(0.6);
    expect(new Set(survey.map(([, , stage]) => stage))).toEqual(new Set(STAGES));
  });
});

describe('the dirt of real deliveries', () => {
  const repeated = (keys: string[]) => keys.length - new Set(keys).size;
  const segments = () => new Set(everyRow().map((row) => row.ldp_dominant_segment));

  test.each(WINDOWS)('window %s has rows that repeat a key and rows without one', (days) => {
    expect(repeated(window(days).filter(hasKey).map(keyOf))).toBeGreaterThan(5);
    expect(window(days).some((row) => !hasKey(row))).toBe(true);
  });

  test('some repeated keys contradict each other', () => {
    const seen = new Map<string, unknown>();
    const contradictions = window('090').filter((row) => {
      const before = seen.get(keyOf(row));
      seen.set(keyOf(row), row.total_searches);
      return before !== undefined && before !== row.total_searches;
    });
    expect(contradictions.length).toBeGreaterThan(5);
  });

  test('segments are missing, unknown, and written with blanks around', () => {
    expect([...segments()]).toEqual(expect.arrayContaining([null, 'commercial', ' for sale ', 'for sale']));
  });

  test('numbers are missing', () => {
    expect(window('090').filter((row) => row.total_searches === null).length).toBeGreaterThan(5);
  });

  test('dwell times are longer than the cap of 180 seconds', () => {
    expect(window('090').filter((row) => Number(row.average_ldp_dwell_time_seconds) > 180).length).toBeGreaterThan(50);
  });

  test('some members are in one window only', () => {
    const windowsOf = new Map<string, Set<string>>();
    for (const days of WINDOWS)
      for (const row of window(days).filter(hasKey))
        windowsOf.set(keyOf(row), (windowsOf.get(keyOf(row)) ?? new Set()).add(days));
    const alone = [...windowsOf.values()].filter((windows) => windows.size === 1).map((windows) => [...windows][0]);
    expect(alone.filter((days) => days === '001').length).toBeGreaterThan(5);
  });

  test('answers repeat, have no key, come from strangers, or are far older than every snapshot', () => {
    const members = new Set(everyRow().map((row) => row.member_id));
    const answered = survey.filter(([member, date]) => member && date);
    expect(repeated(answered.map(([member, date]) => `${member} ${date}`))).toBeGreaterThan(3);
    expect(survey.length - answered.length).toBeGreaterThan(3);
    expect(answered.filter(([member]) => !members.has(member)).length).toBeGreaterThan(10);
    expect(answered.filter(([, date]) => (date ?? '') < '2026-11-01').length).toBeGreaterThan(10);
  });
});

describe('the command', () => {
  const run = (...args: string[]) => {
    try {
      return execFileSync(process.execPath, ['--import', 'tsx', 'sample-data/generate.ts', ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
      });
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return `exit code ${status}: ${stderr.trim()}`;
    }
  };

  test('writes larger sets into a folder of their own, as folders of files', () => {
    const out = join(regenerated, 'large');
    expect(run('--pipeline', 'reorder', '--scale', '2', '--out', out)).toContain(`MB in ${join(out, 'reorder')}`);
    expect(readdirSync(join(out, 'reorder')).sort()).toEqual(Object.keys(reorder.sources).sort());
    expect(readdirSync(join(out, 'reorder', 'orders'))).toEqual(['part-00000.csv']);
  });

  test.each([
    [['--pipeline', 'nobody'], "no sample set 'nobody': use buyer-stage"],
    [['--scale', '2'], '--scale needs --out DIR'],
    [['--scale', 'x', '--out', 'y'], 'use a whole number from 1 on'],
  ])('%j is refused with what to do', (args, said) => {
    const answer = run(...args);
    expect(answer).toMatch(/^exit code 2: sample-data: /);
    expect(answer).toContain(said);
  });
});
