import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endWith, forgetRunning, noteDeployed, noted, noteRunning, runningUp } from '#cli/local/running.ts';
import type { Problem } from '#cli/setup/problem.mjs';
import { addressLines } from '#cli/up/addresses.ts';
import { inOrder } from '#cli/up/first-runs.ts';
import { nextRun, nextRunOf } from '#cli/up/next-run.ts';
import { siteFiles } from '#cli/up/site.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'presage-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('pipelines are run so that the first results come soon, and what the page asks before others like it', async () => {
  const names = inOrder(Object.values(await loadPipelines())).map(({ name }) => name);
  expect(names[0]).toBe('vouchers');
  expect(names.indexOf('conversion-rate')).toBeLessThan(names.indexOf('reorder'));
  expect(names.indexOf('reorder')).toBeLessThan(names.indexOf('buyer-stage'));
});

describe('the next run by schedule', () => {
  const daily = { schedule: { at: '04:00', dueBy: '08:00', days: 'daily' } } as const;
  const weekly = { schedule: { at: '06:00', dueBy: '12:00', days: 'monday' } } as const;
  const next = (of: Parameters<typeof nextRun>[0], now: string) => new Date(nextRun(of, Date.parse(now))).toISOString();

  it('of a daily one is today until its hour, then tomorrow', () => {
    expect(next(daily, '2026-11-21T03:59:59Z')).toBe('2026-11-21T04:00:00.000Z');
    expect(next(daily, '2026-11-21T04:00:00Z')).toBe('2026-11-22T04:00:00.000Z');
  });

  it('of a weekly one is on a Monday', () => {
    expect(next(weekly, '2026-11-21T12:00:00Z')).toBe('2026-11-23T06:00:00.000Z');
    expect(next(weekly, '2026-11-23T06:00:00Z')).toBe('2026-11-30T06:00:00.000Z');
  });

  it('of several is the first, with its day when that is not soon', async () => {
    const { vouchers, 'conversion-rate': rate } = await loadPipelines();
    if (!vouchers || !rate) throw new Error('both are there');
    const now = Date.parse('2026-11-21T12:00:00Z');
    expect(nextRunOf([rate, vouchers], now)).toBe('vouchers at 04:00 UTC');
    expect(nextRunOf([rate], now)).toBe('conversion-rate at 2026-11-23 06:00 UTC');
  });
});

describe('the addresses', () => {
  const example = { pipeline: 'reorder', key: { user_id: 7, product: 'a/b' }, prediction: {} } as never;
  const given = {
    url: 'http://127.0.0.1:1',
    outbox: '/o',
    token: 'T',
    tokenMinutes: 60,
    example,
    state: ' --state s',
    hasPage: true,
  };

  it('have a curl that can be pasted, with the token in a log and with a command for it on a terminal', () => {
    const log = addressLines({ ...given, isTerminal: false }).join('\n');
    expect(log).toContain('http://127.0.0.1:1/#token=T\n');
    expect(log).toContain('curl -H "Authorization: Bearer T" http://127.0.0.1:1/predictions/reorder/7/a%2Fb');
    const screen = addressLines({ ...given, isTerminal: true }).join('\n');
    expect(screen).toContain('Bearer $(npx presage token --state s)"');
  });

  it('ask for the health while there is no prediction', () => {
    expect(addressLines({ ...given, example: undefined, isTerminal: false }).join('\n')).toContain(
      'curl http://127.0.0.1:1/health',
    );
  });
});

it('the files of a page are known by their paths, `/` being the page itself', () => {
  writeFileSync(join(folder, 'index.html'), '<p>');
  const files = siteFiles(folder);
  expect([...files.keys()]).toEqual(['/index.html', '/']);
  expect(files.get('/')?.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
  });
  expect(files.get('/')?.headers['content-security-policy']).toBeDefined();
});

describe('the note of a `presage up`', () => {
  let cloud: Server;
  const note = (pid: number) => {
    const endpoint = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
    const where = { endpoint, outbox: '', log: '', state: folder, region: 'eu-west-1' };
    noteRunning({ ...where, pid, url: 'http://127.0.0.1:1', pipelines: ['vouchers'], deployed: {} });
  };
  beforeAll(async () => {
    cloud = createServer((_, outgoing) => void outgoing.end('{}'));
    await new Promise<void>((listening) => cloud.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => void cloud.close());

  it('leads to it while its process lives and its cloud answers', async () => {
    expect(await runningUp(folder)).toBeUndefined();
    note(process.pid);
    expect(await runningUp(folder)).toMatchObject({ pid: process.pid, pipelines: ['vouchers'] });
    note(2 ** 22 + 1); // above the highest number a process can have
    expect(await runningUp(folder)).toBeUndefined();
  });

  it('learns what else is deployed', () => {
    note(process.pid);
    noteDeployed(folder, { vouchers: 'one' });
    noteDeployed(folder, { API: 'two' });
    expect(noted(folder)?.deployed).toEqual({ vouchers: 'one', API: 'two' });
  });

  it('ends the commands that work with it when it is gone', async () => {
    note(process.pid);
    const running = noted(folder);
    if (!running) throw new Error('it was noted');
    const cleanups: (() => unknown)[] = [];
    const ended = new Promise<Error>((abort) =>
      endWith({ signal: new AbortController().signal, abort, defer: (cleanup) => cleanups.push(cleanup) }, running),
    );
    forgetRunning(folder);
    expect(((await ended) as Problem).message).toContain('has ended, and the local cloud with it');
    for (const cleanup of cleanups) cleanup();
  });
});
