import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RunJson } from '#cli/run/run-json.ts';
import { root } from '#cli/setup.mjs';

/** The `presage` command as a person starts it: a process with a clean environment and no terminal. */
export interface Started {
  child: ChildProcess;
  /** Everything printed so far. */
  output: () => string;
  ended: Promise<{ code: number | null; output: string }>;
  /** Settles when the text was printed; rejects when the command has ended without it. */
  said: (text: string | RegExp) => Promise<void>;
}

const KEPT = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'];

export function start(...args: string[]): Started {
  const env = Object.fromEntries(KEPT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const child = spawn(process.execPath, [join(root, 'cli/presage.mjs'), ...args], { cwd: root, env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, output: text })),
  );
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const said = async (wanted: string | RegExp) => {
    while (!text.match(wanted)) {
      if (over) throw new Error(`ended without saying ${wanted}:\n${text}`);
      await new Promise((wait) => setTimeout(wait, 50));
    }
  };
  return { child, output: () => text, ended, said };
}

export const presage = (...args: string[]) => start(...args).ended;

export const runJson = (out: string) => JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as RunJson;

/** The sample data in a folder of the test's own, as a person would have their tables in one. */
export const copySampleData = (to: string) =>
  cpSync(join(root, 'sample-data/buyer-stage'), to, { recursive: true, filter: (name) => !name.endsWith('.ts') });

/** Command lines of processes that name a folder or work in it (Linux; elsewhere nothing is found). */
export function processesOf(folder: string): string[] {
  return numbersIn('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      return [command, cwd, environment].some((text) => text.includes(folder)) ? [`${pid}: ${command}`] : [];
    } catch {
      return []; // it has ended, or belongs to somebody else
    }
  });
}

function numbersIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return [];
  }
}
