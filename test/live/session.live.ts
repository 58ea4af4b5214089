import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noted } from '#cli/local/running.ts';
import { localTarget } from '#cli/target.ts';
import { presage, processesOf, type Started, start } from '#test/e2e/presage.ts';

/** `presage up` as a person uses it, with the one pipeline that needs no model. */
let folder: string;
let state: string;
let first: Started;
let url: string;
let token: string;
const args = () => ['up', '--only', 'vouchers', '--state', state];

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'presage-up-')));
  state = join(folder, 'state');
  first = start(...args());
  await first.said('everything is up');
  [, url = '', token = ''] = /Page +(http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)/.exec(first.output()) ?? [];
}, 600_000);

afterAll(async () => {
  first?.child.kill('SIGINT');
  await first?.ended;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}, 120_000);

/** The last `curl` it printed, as a request. */
function askedFor(output: string) {
  const [, authorization = '', address = ''] =
    [...output.matchAll(/curl -H "Authorization: ([^"]+)" (\S+)/g)].at(-1) ?? [];
  return fetch(address, { headers: { authorization } });
}

describe('while it runs', () => {
  it('the page is given out with its headers, and every part of it', async () => {
    const page = await fetch(`${url}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const parts = [...(await page.text()).matchAll(/(?:src|href)="\/?(assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(parts.length).toBeGreaterThan(1);
    for (const path of parts) expect((await fetch(`${url}/${path}`)).status, path).toBe(200);
  });

  it('the API answers at the same address, and the printed curl finds a prediction', async () => {
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', environment: 'local' });
    const answer = await askedFor(first.output());
    expect([answer.status, await answer.json()]).toMatchObject([200, { pipeline: 'vouchers', stale: false }]);
    expect((await fetch(`${url}/predictions/vouchers/x`)).status).toBe(401);
    const other = await fetch(`${url}/predictions/vouchers/x`, { headers: { authorization: `Bearer ${token}` } });
    expect([other.status, await other.json()]).toEqual([404, { message: expect.any(String) }]);
    await first.said(/GET \/predictions\/vouchers\/… {2}401/);
  });

  it('it tells of its runs', () => {
    expect(first.output()).toMatch(/vouchers {2}etl for \d{4}-\d\d-\d\d started: execution/);
    expect(first.output()).toMatch(/vouchers {2}etl for \d{4}-\d\d-\d\d succeeded after/);
  });

  it('a second one is refused, with the address of the first', async () => {
    const { code, output } = await presage(...args());
    expect([code, output]).toEqual([1, expect.stringContaining(`runs already (process ${first.child.pid}): ${url}`)]);
  });

  it('the other commands work with it', async () => {
    const asked = ['predictions', 'vouchers', 'Peru', '--state', state];
    const [predictions, printed, status] = await Promise.all([
      presage(...asked),
      presage('token', '--scope', 'vouchers.read', '--state', state),
      presage('status', '--json', '--state', state),
    ]);
    expect(predictions.code, predictions.output).toBe(0);
    expect(JSON.parse(predictions.output)).toContainEqual(expect.objectContaining({ pipeline: 'vouchers' }));
    expect(printed.output.trim()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(status.code, status.output).toBe(0);
    const { up, ok, parts } = JSON.parse(status.output);
    expect([up.url, ok]).toEqual([url, true]);
    const stateOf = (name: string) => parts.find((part: { name: string }) => part.name === name)?.state;
    expect(['presage-local-serving', 'vouchers etl', 'vouchers', 'reorder etl'].map(stateOf)).toEqual([
      'ok',
      'ok',
      'ok',
      'note',
    ]);
  });

  it('schedules fire', async () => {
    const running = noted(state);
    if (!running) throw new Error('nothing is noted');
    const scheduler = new SchedulerClient(localTarget(running).client);
    const { Name, State, Target, FlexibleTimeWindow } = await scheduler.send(
      new GetScheduleCommand({ Name: 'presage-local-vouchers-run' }),
    );
    expect(State).toBe('ENABLED');
    const soon = new Date(Date.now() + 2_000).toISOString().slice(0, 19);
    const ScheduleExpression = `at(${soon})`;
    await scheduler.send(new UpdateScheduleCommand({ Name, State, Target, FlexibleTimeWindow, ScheduleExpression }));
    await first.said(/vouchers {2}etl for \d{4}-\d\d-\d\d started by its schedule/);
  }, 60_000);

  it('Ctrl-C ends it, also in the middle of a run, and no process is left', async () => {
    first.child.kill('SIGINT');
    const { code, output } = await first.ended;
    expect([code, output]).toEqual([0, expect.stringContaining('Ended.')]);
    expect(noted(state)).toBeUndefined();
    await expect.poll(() => processesOf(folder), { timeout: 15_000 }).toEqual([]);
  }, 60_000);
});

describe('a second one afterwards', () => {
  it('goes on with what there is and runs nothing; and it ends when the local cloud dies', async () => {
    const second = start(...args());
    await second.said('everything is up');
    expect(second.output()).not.toContain('started: execution');
    expect((await askedFor(second.output())).status).toBe(200);
    process.kill(Number(readFileSync(join(state, 'lock'), 'utf8')), 'SIGKILL');
    const { code, output } = await second.ended;
    expect([code, output]).toEqual([1, expect.stringContaining('The local cloud ended')]);
    await expect.poll(() => processesOf(folder), { timeout: 15_000 }).toEqual([]);
  }, 120_000);

  it('without one, the commands ask a local cloud that they start for it', async () => {
    const found = await presage('predictions', 'vouchers', 'Peru', '--state', state);
    expect(JSON.parse(found.output)).toContainEqual(expect.objectContaining({ pipeline: 'vouchers' }));
    const printed = await presage('token', '--scope', 'vouchers.read', '--state', state);
    expect(printed.output.trim()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  }, 120_000);
});
