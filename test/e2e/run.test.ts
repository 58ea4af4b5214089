import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunJson } from '#cli/run/run-json.ts';
import { root } from '#cli/setup.mjs';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import { copySampleData, presage, processesOf, runJson, start } from './presage.ts';

/**
 * The whole product, as a person uses it: the command, the local cloud, the deployed templates, real engines. One
 * green run on the sample data; then, in the same environment, what goes wrong and what must be left untouched.
 */
let folder: string;
let state: string;
let data: string;
let green: { code: number | null; output: string };
let run: RunJson;
let published: string[];
const path = (...parts: string[]) => join(folder, ...parts);

const ask = async (sql: string) => {
  const { code, output } = await presage('query', sql, '--state', state, '--format', 'csv');
  if (code !== 0) throw new Error(output);
  return output.trim().split('\n').slice(1);
};
/** What is published: rows of both tables by day. */
const PUBLISHED = ['features', 'predictions']
  .map((table) => `SELECT '${table}', run_date, count(*) FROM buyer_stage_${table} GROUP BY 1, 2`)
  .join(' UNION ALL ');

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'presage-e2e-')));
  state = path('state');
  data = path('data');
  copySampleData(data);
  const out = path('green');
  green = await presage('run', 'buyer-stage', '--data', data, '--state', state, '--out', out);
  if (green.code !== 0) throw new Error(`the green run failed:\n${green.output}`);
  run = runJson(out);
  published = await ask(PUBLISHED);
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

describe('a run on the sample data', () => {
  it('is green and gives a prediction for every row asked for', () => {
    expect(run).toMatchObject({ status: 'SUCCEEDED', failure: null, env: 'local' });
    expect(run.predictions?.rows).toBeGreaterThan(100);
    expect(run.predictions).toMatchObject({ written: run.predictions?.rows, unchanged: 0, failed: 0 });
  });

  it('judges its model on the holdout, above the naive baseline', () => {
    expect(run.model).toMatchObject({ trained: true, decision: 'promoted', challenger: null });
    expect(run.model?.metrics?.f1_macro).toBeGreaterThan(run.model?.baseline?.f1_macro ?? 1);
    expect(run.model?.holdoutRows).toBeGreaterThan(0);
  });

  it('writes the predictions with their columns, one row for each', () => {
    const [header, ...rows] = readFileSync(path('green/predictions.csv'), 'utf8').trim().split('\n');
    expect(header).toBe(Object.keys(buyerStage.predictions?.columns ?? {}).join(','));
    expect(rows).toHaveLength(run.predictions?.rows ?? -1);
    expect(readdirSync(path('green/tables'))).toEqual(['features.parquet']);
  });

  it('counts the dirt of the sources', () => {
    expect(run.etl?.sources.survey).toMatchObject({ duplicates: expect.any(Number), withoutKey: expect.any(Number) });
    expect(run.etl?.sources.survey?.duplicates).toBeGreaterThan(0);
  });

  it('shows every step as ended', () => {
    expect(run.steps.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
    expect(run.steps.map(({ name }) => name)).toContain('finish');
  });

  it('says where the predictions are and how good the model is', () => {
    expect(green.output).toContain('presage-local-buyer-stage-predictions');
    expect(green.output).toMatch(/macro-F1 0\.\d+, better than the 0\.\d+ of always naming the most frequent class/);
  });

  it('can be asked afterwards through Athena', () => {
    expect([...published].sort()).toEqual([
      `features,${run.runDate},${run.etl?.tables.features?.rows}`,
      `predictions,${run.runDate},${run.predictions?.rows}`,
    ]);
  });
});

describe('a second run', () => {
  it('is refused while another one has the environment', async () => {
    const first = start('query', 'SELECT 1', '--state', state);
    const lock = join(state, 'lock');
    await expect.poll(() => existsSync(lock) && readFileSync(lock, 'utf8') !== '', { timeout: 15_000 }).toBe(true);
    const second = await presage('query', 'SELECT 1', '--state', state);
    expect(second.output).toMatch(/in use by another local cloud|\(1 row\)/);
    await first.ended;
  }, 60_000);

  it('ends with 130 at Ctrl-C and leaves no process behind', async () => {
    const started = start('run', 'buyer-stage', '--data', data, '--state', state, '--only', 'etl');
    await started.said(/etl features …/);
    started.child.kill('SIGINT');
    const { code } = await started.ended;
    expect(code).toBe(130);
    await expect.poll(() => processesOf(folder), { timeout: 15_000 }).toEqual([]);
  }, 120_000);
});

describe('a run whose sources are not sound', () => {
  it('is red and says all that is wrong: exit code 1, a mail, run.json, and what there was stays', async () => {
    rmSync(join(data, 'consumer_summary_t030.parquet'));
    const survey = readFileSync(join(data, 'survey.csv'), 'utf8');
    writeFileSync(join(data, 'survey.csv'), survey.replace('buyer_stage', 'stage'));

    const out = path('red');
    const args = ['--data', data, '--state', state, '--out', out, '--date', run.runDate];
    const { code, output } = await presage('run', 'buyer-stage', ...args);
    expect(code, output).toBe(1);
    const red = runJson(out);
    expect(red).toMatchObject({ status: 'FAILED', ml: null, model: null, predictions: null });
    expect(red.failure?.step).toBe('check-sources');
    const mail = /^ {2}This mail\s+(\S+\.eml)$/m.exec(output)?.[1] ?? '';
    for (const told of [red.failure?.cause, readFileSync(join(root, mail).replace(root + folder, folder), 'utf8')]) {
      expect(told).toMatch(/consumer_summary_t030/);
      expect(told).toMatch(/survey.*buyer_stage/s);
    }
    expect(output).not.toMatch(/\n\s+at /);
    expect((await ask(PUBLISHED)).sort()).toEqual([...published].sort());
  }, 120_000);
});
