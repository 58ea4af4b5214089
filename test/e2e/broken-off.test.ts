import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunJson } from '#cli/run/run-json.ts';
import { copySampleData, presage, processesOf, runJson, start } from './presage.ts';

/** What a run that was broken off leaves behind: nothing that hinders the next one in the same environment. */
let folder: string;
let state: string;
let data: string;
let first: RunJson;
const path = (...parts: string[]) => join(folder, ...parts);
const args = (out: string, ...more: string[]) => {
  return ['run', 'buyer-stage', '--data', data, '--state', state, '--out', path(out), ...more];
};

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'presage-broken-off-')));
  state = path('state');
  data = path('data');
  copySampleData(data);
  const { code, output } = await presage(...args('first'));
  if (code !== 0) throw new Error(`the first run failed:\n${output}`);
  first = runJson(path('first'));
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

describe('a run that is broken off', { timeout: 600_000 }, () => {
  const until = /etl features …/;

  it('ends at once when the local cloud dies, with the reason and the step it was at', async () => {
    const started = start(...args('dead', '--only', 'etl'));
    await started.said(until);
    const lock = Number(readFileSync(join(state, 'lock'), 'utf8'));
    process.kill(lock, 'SIGKILL');
    const { code, output } = await started.ended;
    expect(code).toBe(1);
    expect(output).toContain('The local cloud ended in the middle of the run');
    expect(runJson(path('dead'))).toMatchObject({ status: 'FAILED', failure: { step: 'features' } });
    await expect.poll(() => processesOf(folder), { timeout: 15_000 }).toEqual([]);
  });

  it('ends with 130 at Ctrl-C and leaves no process behind', async () => {
    const started = start(...args('interrupted', '--only', 'etl'));
    await started.said(until);
    started.child.kill('SIGINT');
    expect((await started.ended).code).toBe(130);
    await expect.poll(() => processesOf(folder), { timeout: 15_000 }).toEqual([]);
  });

  it('does not hinder the next one: the ML is green with the model there is', async () => {
    const { code, output } = await presage(...args('next', '--date', first.runDate));
    expect(code, output).toBe(0);
    expect(first.model).toMatchObject({ trained: true, decision: 'promoted' });
    expect(runJson(path('next')).model).toMatchObject({ trained: false, id: first.model?.id });
  });
});
