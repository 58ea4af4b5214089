import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { SampleSet } from './library/sample-set.ts';

/**
 * Makes the sample data: `npm run sample-data [-- --pipeline NAME] [--scale N] [--out DIR]`.
 *
 * Without arguments it makes the committed sets anew, byte for byte. A larger scale needs a folder of its own:
 * `--scale 100 --out /tmp/large` writes `/tmp/large/<pipeline>/`.
 */
const home = fileURLToPath(new URL('.', import.meta.url));

class Usage extends Error {}

async function main() {
  const { pipeline, scale, out } = options();
  const known = readdirSync(home).filter((name) => existsSync(join(home, name, 'generate.ts')));
  if (pipeline && !known.includes(pipeline)) throw new Usage(`no sample set '${pipeline}': use ${known.join(', ')}`);
  for (const name of pipeline ? [pipeline] : known) {
    const { default: set } = (await import(pathToFileURL(join(home, name, 'generate.ts')).href)) as {
      default: SampleSet;
    };
    const folder = out ? join(resolve(out), name) : join(home, name);
    if (out && existsSync(folder) && readdirSync(folder).length) throw new Usage(`${folder} is not empty`);
    for (const old of out ? [] : dataFiles(folder)) rmSync(old);
    console.log(`${name}: ${set.about}`);
    for (const line of set.generate(folder, scale)) console.log(`  ${line}`);
    const bytes = dataFiles(folder).reduce((sum, path) => sum + statSync(path).size, 0);
    console.log(`  ${(bytes / 1e6).toFixed(2)} MB in ${folder}`);
  }
}

function options() {
  let values: { pipeline?: string; scale: string; out?: string };
  try {
    ({ values } = parseArgs({
      options: { pipeline: { type: 'string' }, scale: { type: 'string', default: '1' }, out: { type: 'string' } },
    }));
  } catch (error) {
    throw new Usage((error as Error).message);
  }
  const scale = Number(values.scale);
  if (!Number.isInteger(scale) || scale < 1) throw new Usage(`--scale ${values.scale}: use a whole number from 1 on`);
  if (scale > 1 && !values.out) throw new Usage('--scale needs --out DIR: the committed sets have scale 1');
  return { pipeline: values.pipeline, scale, out: values.out };
}

const dataFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(parquet|csv(\.gz)?)$/.test(name))
    .map((name) => join(folder, name));

try {
  await main();
} catch (error) {
  if (!(error instanceof Usage)) throw error;
  console.error(`sample-data: ${error.message}`);
  process.exitCode = 2;
}
