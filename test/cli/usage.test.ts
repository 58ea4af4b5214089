import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { presage as main } from '#cli/main.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';

/** Wrong usage: exit code 2, one or two lines, and nothing has been started. */
let folder: string;

/** As cli/presage.mjs calls it, without a process of its own. */
async function presage(...args: string[]) {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const answered = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const code = await main(args);
    const output = [...answered.mock.calls, ...written.mock.calls].map(([text]) => String(text)).join('');
    return { code, output };
  } catch (error) {
    if (error instanceof Problem) return { code: error.exitCode, output: error.message };
    throw error;
  } finally {
    written.mockRestore();
    answered.mockRestore();
  }
}

const asProcess = (...args: string[]) =>
  new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(process.execPath, [join(root, 'cli/presage.mjs'), ...args], { cwd: root });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'presage-usage-'));
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full/old.txt'), '');
  writeFileSync(join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('presage run refuses', () => {
  it.each([
    ['an unknown pipeline, and lists those there are', ['buyer-stages'], /did you mean buyer-stage\?.*Pipelines: /],
    ['an unknown environment', ['buyer-stage', '--env', 'test'], /Allowed choices are local, dev, qa, prod/],
    ['a day that is none', ['buyer-stage', '--date', '2026-02-30'], /Use a day as YYYY-MM-DD/],
    ['an unknown option', ['buyer-stage', '--dates', '2026-02-03'], /unknown option '--dates'/],
    ['a data folder that is missing', ['buyer-stage', '--data', '/nowhere/at/all'], /there is no such folder/],
    ['an output folder that is a file', ['buyer-stage', '--out', 'FOLDER/file'], /it is a file/],
    ['an output folder that is in use', ['buyer-stage', '--out', 'FOLDER/full'], /it is not empty/],
    ['an environment without an account', ['buyer-stage', '--env', 'dev'], /dev has no account.*lib\/environments\.ts/],
    [
      'options that do not go together, all at once',
      ['buyer-stage', '--env', 'dev', '--data', 'x', '--state', 'y', '--only', 'ml', '--validate'],
      /--data is for[\s\S]*--state is for[\s\S]*--validate compares/,
    ],
    ['a service that is none', ['buyer-stage', '--service', 'guess'], /Allowed choices are train, serve, both/],
    [
      'a service together with what it says itself',
      ['buyer-stage', '--service', 'train', '--only', 'etl', '--no-train'],
      /--train and --no-train are for the ML[\s\S]*--service is for the ML[\s\S]*--service says whether to train/,
    ],
    ['a service of a pipeline without a model', ['vouchers', '--service', 'train'], /vouchers has no model/],
    [
      'a parameter of another pipeline, and says whose it is',
      ['buyer-stage', '--country', 'Peru'],
      /--country is for vouchers: buyer-stage does not have it/,
    ],
    ['the ML alone where no tables are', ['buyer-stage', '--only', 'ml', '--state', 'FOLDER/none'], /needs the tables/],
  ])('%s', async (_, args, message) => {
    const { code, output } = await presage('run', ...args.map((arg) => arg.replace('FOLDER', folder)));
    expect(output).toMatch(message);
    expect(output.trim().split('\n').length).toBeLessThanOrEqual(3);
    expect(code).toBe(2);
  });
});

describe('presage up refuses', () => {
  it.each([
    [
      'pipelines that there are not, and lists those there are',
      ['--only', 'vouchers,churn,x'],
      /no pipeline 'churn', 'x'. Pipelines: .*reorder/,
    ],
    ['no pipeline at all', ['--only', ''], /no pipeline ''/],
    ['a port that is none', ['--port', '70000'], /from 1 to 65535/],
    ['a port that is no number', ['--port', 'http'], /from 1 to 65535/],
    ['an option it does not have', ['--env', 'dev'], /unknown option '--env'/],
    ['an argument', ['vouchers'], /too many arguments/],
  ])('%s', async (_, args, message) => {
    const { code, output } = await presage('up', ...args, '--state', join(folder, 'none'));
    expect(output).toMatch(message);
    expect(code).toBe(2);
  });

  it('a port in use, before anything is started', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    try {
      const { code, output } = await presage('up', '--port', String(port), '--state', join(folder, 'none'));
      expect([code, output]).toEqual([
        1,
        expect.stringMatching(`Port ${port} of 127.0.0.1 is in use: name another one`),
      ]);
      expect(existsSync(join(folder, 'none'))).toBe(false);
    } finally {
      server.close();
    }
  });
});

describe('presage query', () => {
  it('says how to make a local environment when there is none', async () => {
    const { code, output } = await presage('query', 'SELECT 1', '--state', join(folder, 'none'));
    expect(output).toContain('npm start');
    expect(code).toBe(1);
  });

  it('so does presage status', async () => {
    const { code, output } = await presage('status', '--state', join(folder, 'none'));
    expect([code, output]).toEqual([1, expect.stringContaining('npm start')]);
  });
});

it('presage explains itself with --help and exits with 0', async () => {
  const { code, output } = await presage('run', '--help');
  expect(output).toContain('--date <day>');
  expect(code).toBe(0);
});

describe('the command as a process', { timeout: 30_000 }, () => {
  it('exits with 2 and one line, without a stack trace', async () => {
    const { code, output } = await asProcess('run', 'nothing');
    expect(output.trim()).toMatch(/^There is no pipeline 'nothing' \(.*\)\.$/);
    expect(code).toBe(2);
  });

  it('adds the stack trace with --debug', async () => {
    expect((await asProcess('run', 'nothing', '--debug')).output).toMatch(/\n\s+at /);
  });

  it('doctor finds nothing wrong where everything is set up', async () => {
    const { code, output } = await asProcess('doctor');
    expect(output).not.toContain('PROBLEM');
    expect(output).toContain('All is well.');
    expect(code).toBe(0);
  });
});
