import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import type { Whereabouts } from '#cli/local/address.ts';
import { isAlive } from '#cli/setup/lock.mjs';
import { Problem } from '#cli/setup/problem.mjs';
import { writeStamp } from '#cli/setup/stamp.mjs';

/** What `presage up` tells the other commands while it runs, as `up.json` in its state folder. */
export interface Running extends Whereabouts {
  /** Of the `presage up`; the local cloud is a child of it. */
  pid: number;
  /** Where page and API answer. */
  url: string;
  /** All that it deploys, sooner or later. */
  pipelines: string[];
  /** What of it is deployed, each with the hash of what it was made of. */
  deployed: Record<string, string>;
}

const LOOK_MS = 200;
const HEALTH_MS = 5_000;

const fileIn = (state: string) => join(state, 'up.json');

export function noteRunning(running: Running): void {
  writeStamp(fileIn(running.state), running);
}

/** After this no command finds it any more, and those that use it end. */
export function forgetRunning(state: string): void {
  rmSync(fileIn(state), { force: true });
}

/** Adds a deployed pipeline, or what else is deployed under a name, to the note of whoever runs there. */
export function noteDeployed(state: string, deployed: Record<string, string>): void {
  const running = noted(state);
  if (running) noteRunning({ ...running, deployed: { ...running.deployed, ...deployed } });
}

/** The note alone: whether its process still lives is not looked at. */
export function noted(state: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(state), 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

/** The `presage up` on a state folder; undefined when there is none, or one that was killed has left its note. */
export async function runningUp(state: string): Promise<Running | undefined> {
  const running = noted(state);
  if (!running || !isAlive(running.pid)) return undefined;
  // The number may have been given to another process since.
  const answer = await fetch(`${running.endpoint}/_presage/health`, { signal: AbortSignal.timeout(HEALTH_MS) }).catch(
    () => undefined,
  );
  return answer?.ok ? running : undefined;
}

/** Ends the command when the `presage up` that it works with ends: what it then waits for cannot come any more. */
export function endWith(context: Context, { pid, state }: Running): void {
  const timer = setInterval(() => {
    if (existsSync(fileIn(state)) && isAlive(pid)) return;
    clearInterval(timer);
    context.abort(new Problem(`\`presage up\` (process ${pid}) has ended, and the local cloud with it: run again.`));
  }, LOOK_MS);
  context.defer(() => clearInterval(timer));
}
