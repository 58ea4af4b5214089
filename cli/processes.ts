import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Context } from '#cli/context.ts';

/** Ends a child that leads a process group, with all it started. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // the whole group has ended by itself
  }
}

export interface ToolResult {
  code: number;
  lines: string[];
}

/**
 * Runs a tool whose output a person sees only when it fails: every line goes to `log` (if given) and to `onLine`.
 * The tool is ended, with its children, when the context ends.
 */
export async function runTool(
  context: Context,
  [file, ...args]: [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv; log?: string; onLine?: (line: string) => void },
): Promise<ToolResult> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const log = options.log ? createWriteStream(options.log, { flags: 'a' }) : undefined;
  log?.on('error', () => {}); // a log that cannot be written must not end the run
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      log?.write(`${line}\n`);
      options.onLine?.(line);
    });
  let ended = false;
  const finished = new Promise<ToolResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      ended = true;
      log?.end();
      resolve({ code: code ?? 1, lines });
    });
  });
  context.defer(async () => {
    if (ended) return;
    killGroup(child, 'SIGTERM');
    const forced = setTimeout(() => killGroup(child, 'SIGKILL'), 3_000);
    await finished.catch(() => {});
    clearTimeout(forced);
  });
  return finished;
}
