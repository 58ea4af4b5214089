import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Lets one process at a time do `work`; others wait. Node has no file locks, so the lock is a file that holds the
 * process id: it appears whole (a hard link of a written file) and the lock of a dead process is taken over.
 *
 * @param {string} file
 * @param {(pid: number) => void} waiting called once, with the process that has the lock
 * @param {() => Promise<T>} work
 * @template T
 */
export async function withLock(file, waiting, work) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let told = false; !take(mine, file); told = true) {
      const holder = pidIn(file);
      if (holder !== undefined && !isAlive(holder)) takeOver(file, holder);
      else {
        if (!told && holder !== undefined) waiting(holder);
        await sleep(200);
      }
    }
    return await work();
  } finally {
    rmSync(mine, { force: true });
    if (pidIn(file) === process.pid) rmSync(file, { force: true });
  }
}

function take(mine, file) {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Two processes may find the same dead holder: only the one that gets the second lock removes the first. */
function takeOver(file, deadHolder) {
  const guard = `${file}.takeover`;
  try {
    writeFileSync(guard, '', { flag: 'wx' });
  } catch {
    // Its owner removes it within milliseconds; one that is still there was left by a process killed just then.
    if (ageInSeconds(guard) > 10) rmSync(guard, { force: true });
    return;
  }
  try {
    if (pidIn(file) === deadHolder) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function ageInSeconds(file) {
  try {
    return (Date.now() - statSync(file).mtimeMs) / 1000;
  } catch {
    return 0;
  }
}

/** The process id in a lock file; undefined when there is no such file. */
export function pidIn(file) {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return undefined;
  }
}

/** Whether a process with this id runs. 0, an unreadable id, counts as dead. */
export function isAlive(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
