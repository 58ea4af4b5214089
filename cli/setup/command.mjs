import { spawn } from 'node:child_process';
import { Problem } from './problem.mjs';

/** Running children, by process id, each with the promise of its end. */
const running = new Map();

/** Ends every child that still runs, with everything it started, and waits for it. */
export async function endChildren() {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (const pid of running.keys()) {
      try {
        process.kill(-pid, signal);
      } catch {
        // it has ended by itself
      }
    }
    await Promise.race([Promise.all(running.values()), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
  }
}

/**
 * Runs a command quietly and gives its output. Each child leads a process group of its own, so that Ctrl-C ends what
 * the child started too and not only the child.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>} code 127 when there is no such command
 */
export function run(file, args, options = {}) {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => {
      running.delete(child.pid);
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
  if (child.pid) running.set(child.pid, ended);
  return ended;
}

/** What the output of npm, pip or uv means for a person. First match wins. */
const REASONS = [
  [/ENOSPC|No space left on device|os error 28/i, 'the disk is full: free some space (about 2 GB are needed)'],
  [/EACCES|Permission denied|os error 13/i, 'no permission to write there: check who owns the project folder'],
  [
    /hash(es)? (mismatch|do not match)|DO NOT MATCH THE HASHES|EINTEGRITY/i,
    'a package is not the one in the lock file',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|Network is unreachable|dns error|failed to lookup|tcp connect error|Temporary failure in name resolution|NewConnectionError|error sending request|timed out/i,
    'the package registry cannot be reached: check the network or the proxy settings',
  ],
  [
    /CERT|certificate|UnknownIssuer|SSL/i,
    'the registry’s certificate is not trusted: set SSL_CERT_FILE and NODE_EXTRA_CA_CERTS',
  ],
];

/** Fails with one line that says what is wrong, one that says what the tool said last. */
export function failed(what, output) {
  const reason = REASONS.find(([pattern]) => pattern.test(output))?.[1];
  const lines = output.split('\n').map((line) => line.trim());
  const last = lines.filter((line) => line && !/complete log of this run|^npm (warn|notice)/i.test(line)).at(-1);
  return new Problem(`${what} failed: ${reason ?? last ?? 'it said nothing'}${reason && last ? `\n  (${last})` : ''}`);
}
