import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { neutralEnv } from '#cli/local/address.ts';
import { venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';
import { type Bench, processJson } from './bench.ts';

export const python = () => venvPython(root);

/** The environment of a Python process that imports the local cloud's packages. */
export const localPythonEnv = (): NodeJS.ProcessEnv => ({ ...neutralEnv(), PYTHONPATH: join(root, 'local') });

/**
 * The variables to start a Spark script with: as the local cloud starts it for an input of this size, and as plain PySpark
 * would be.
 */
export function sparkEnvironments(
  bench: Bench,
  folder: string,
  inputBytes = 0,
): Promise<Record<'tuned' | 'default', NodeJS.ProcessEnv>> {
  mkdirSync(folder, { recursive: true });
  const onThePath = ['emr-steps/library', 'emr-steps', 'glue-scripts'].map((name) => join(root, name));
  const command = [
    python(),
    join(root, 'bench/python/spark_environment.py'),
    folder,
    String(inputBytes),
    ...onThePath,
  ] as const;
  return processJson(bench, [...command], { env: localPythonEnv() });
}
