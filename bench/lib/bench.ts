import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { runTool } from '#cli/processes.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';
import type { Verdict } from './report.ts';

/** What a benchmark gets: a way to start processes that end with it, and how thorough to be. */
export interface Bench {
  context: Context;
  /** Fewer rounds and less data: to see that it works, not to quote. */
  quick: boolean;
  print(text: string): void;
}

export interface Benchmark {
  /** What is compared with what, in a line. */
  title: string;
  run(bench: Bench): Promise<Verdict[]>;
}

/** A folder that is gone when the benchmarks have ended, however they end. */
export function temporaryFolder({ context }: Bench, name: string, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `presage-bench-${name}-`));
  context.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}

/** Runs a process to its end and gives its lines. A Problem with its last words when it fails: then nothing counts. */
export async function processLines(
  { context }: Bench,
  command: [string, ...string[]],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string[]> {
  const { code, lines } = await runTool(context, command, { cwd: root, ...options });
  if (code === 0) return lines;
  const shown = command.map((part) => part.replace(root, '')).join(' ');
  throw new Problem(`${shown} ended with exit code ${code}:\n${lines.slice(-15).join('\n')}`);
}

/** The last line of a process, which is JSON. */
export async function processJson<T>(
  bench: Bench,
  command: [string, ...string[]],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<T> {
  const lines = await processLines(bench, command, options);
  const last = lines.findLast((line) => line.startsWith('{'));
  if (!last) throw new Problem(`${command.join(' ')} printed no result:\n${lines.slice(-15).join('\n')}`);
  return JSON.parse(last) as T;
}
