import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '#cli/setup/lock.mjs';
import { venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';

const LOCK = join(import.meta.dirname, 'schemathesis/requirements.lock');

/** Schemathesis in an environment of its own below `.presage/`, made once: nothing else here needs its packages. */
export async function schemathesis(): Promise<string> {
  const mark = createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 16);
  const folder = join(root, '.presage/schemathesis', mark);
  const whole = join(folder, 'whole');
  mkdirSync(join(root, '.presage'), { recursive: true });
  await withLock(
    join(root, '.presage/schemathesis.lock'),
    () => {},
    async () => {
      if (existsSync(whole)) return;
      console.log('Installing schemathesis for these tests …');
      const uv = join(root, '.venv/bin/uv');
      await finished(uv, ['venv', '--quiet', '--clear', '--python', venvPython(root), folder]);
      await finished(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(folder, 'bin/python'), LOCK]);
      writeFileSync(whole, '');
    },
  );
  return join(folder, 'bin/schemathesis');
}

/** Runs a command to its end; its output. Throws with it when the command fails. */
export function finished(command: string, args: string[], cwd = root): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command}: exit ${code}\n${output}`)),
    );
  });
}
