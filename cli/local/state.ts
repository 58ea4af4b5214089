import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Context } from '#cli/context.ts';
import { isAlive } from '#cli/setup/lock.mjs';
import { root } from '#cli/setup.mjs';

/** Keeps what runs on the sample data made, from run to run. */
export const DEFAULT_STATE = join(root, '.presage/local');
const TEMPORARY = join(root, '.presage/temporary');
/** Mails of runs whose local environment is gone. */
const KEPT_MAILS = join(root, '.presage/outbox');

/**
 * The state folder of a local run: the one named, or the kept one of the sample data, or, with data of one's own, a
 * fresh one that is removed at the end so that a run never meets models and tables made from other data.
 */
export function stateFolder(context: Context, options: { state?: string; data?: string }): string {
  if (options.state) return resolve(options.state);
  if (!options.data) return DEFAULT_STATE;
  removeLeftovers();
  mkdirSync(TEMPORARY, { recursive: true });
  const folder = mkdtempSync(join(TEMPORARY, `${process.pid}-`));
  context.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}

/** Where a person can open a mail after the run: one in a temporary state folder is copied to a place that stays. */
export function keptMail(file: string): string {
  if (!file.startsWith(TEMPORARY)) return file;
  mkdirSync(KEPT_MAILS, { recursive: true });
  const kept = join(KEPT_MAILS, basename(file));
  copyFileSync(file, kept);
  return kept;
}

/** Temporary state folders whose run was killed before it could remove them. */
export function leftovers(): string[] {
  if (!existsSync(TEMPORARY)) return [];
  return readdirSync(TEMPORARY)
    .filter((name) => !isAlive(Number(name.split('-')[0])))
    .map((name) => join(TEMPORARY, name));
}

export function removeLeftovers(): void {
  for (const folder of leftovers()) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
