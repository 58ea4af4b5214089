import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { neutralEnv } from '#cli/local/address.ts';
import { runTool } from '#cli/processes.ts';
import { withLock } from '#cli/setup/lock.mjs';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';
import type { SourceFormat } from '#lib/pipelines/pipeline.ts';

/** Formats of the sources that differ from the definition. */
export type SourceFormats = Record<string, { format: SourceFormat }>;

export interface Assembly {
  folder: string;
  /** The same when everything that goes into the templates and bundles is the same. */
  hash: string;
}

/** What the templates and the bundles are made of. */
const INPUTS = ['bin', 'lib', 'lambdas', 'emr-steps', 'glue-scripts', 'cdk.json', 'package-lock.json'];
const KEPT = 4;

/** What more there is than the stacks of a run. */
export interface AssemblyOptions {
  /** Also the API of all pipelines of the environment. */
  serving?: boolean;
  /** The schedules of the pipelines fire. */
  schedules?: boolean;
}

/** The context that an assembly is synthesized with. */
export function assemblySettings(
  pipelines: string | readonly string[],
  formats: SourceFormats,
  { serving = false, schedules = false }: AssemblyOptions = {},
) {
  const names = [pipelines].flat();
  return {
    environment: 'local',
    pipeline: names.join(','),
    sources: JSON.stringify(Object.fromEntries(names.map((name) => [name, formats]))),
    ...(serving ? { serving: 'true' } : {}),
    ...(schedules ? { schedules: 'true' } : {}),
  };
}

/**
 * The synthesized local environment (templates, bundles, scripts) of one pipeline or several, made anew only when one of
 * its inputs changed. A run asks for its own pipeline alone: with all of them it would wait several times as long.
 *
 * Synthesis lasts several seconds and a run with `--data` starts from an empty environment each time, so assemblies
 * are kept by the hash of their inputs.
 */
export async function localAssembly(
  context: Context,
  pipelines: string | readonly string[],
  formats: SourceFormats,
  options: AssemblyOptions = {},
): Promise<Assembly> {
  const settings = assemblySettings(pipelines, formats, options);
  const hash = inputHash(settings);
  const home = join(root, '.presage/assembly');
  const folder = join(home, hash);
  mkdirSync(home, { recursive: true });
  if (!isWhole(folder))
    await withLock(
      join(root, '.presage/synth.lock'),
      () => {},
      async () => {
        if (!isWhole(folder)) await synthesize(context, settings, home, folder);
      },
    );
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(home);
  return { folder, hash };
}

/** Whether a synthesis ended there, and without asking for what only an account could tell. */
function isWhole(folder: string): boolean {
  const manifest = join(folder, 'manifest.json');
  return existsSync(manifest) && !JSON.parse(readFileSync(manifest, 'utf8')).missing?.length;
}

type Settings = Record<string, string>;

async function synthesize(context: Context, settings: Settings, home: string, folder: string): Promise<void> {
  const draft = join(home, `draft-${process.pid}`);
  const dist = join(home, `draft-${process.pid}-bundles`);
  context.defer(() => {
    for (const left of [draft, dist]) rmSync(left, { recursive: true, force: true });
  });
  const { code, lines } = await runTool(
    context,
    [
      process.execPath,
      join(root, 'node_modules/aws-cdk/bin/cdk'),
      ...['synth', '--quiet', '--no-lookups', '--output', draft],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // CDK's own check of each template takes seconds, and the tests and `npm run synth` make it. cdk-nag looks here too.
    {
      cwd: root,
      env: { ...neutralEnv(), CDK_VALIDATION: 'false', CDK_DISABLE_CLI_TELEMETRY: 'true', PRESAGE_DIST: dist },
    },
  );
  if (code !== 0) {
    throw new Problem(
      `The app could not be synthesized (\`npx cdk synth\` says more):\n${tellingLines(lines).join('\n')}`,
    );
  }
  if (!isWhole(draft)) throw new Problem('The app asks for what only an AWS account can tell: nothing here may.');
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}

/** What an uncaught error of the app says, without the source line above and the stack trace below it. */
function tellingLines(lines: string[]): string[] {
  const first = lines.findIndex((line) => /^(\S*Error\b|«)|\berror:/i.test(line));
  const rest = first < 0 ? lines.slice(-6) : lines.slice(first);
  const trace = rest.findIndex((line, i) => i > 0 && /^\s+at |^Node\.js v|^Relates to|^\s*\.\.\./.test(line));
  return rest.slice(0, trace < 0 ? 8 : Math.min(trace, 8)).filter((line) => line.trim());
}

/** The same as long as the templates and bundles would be the same. */
export function inputHash(settings: object): string {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const input of INPUTS) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) hash.update(`\0${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOld(home: string): void {
  const byAge = readdirSync(home)
    .filter((name) => !name.startsWith('draft-'))
    .map((name) => ({ name, used: statSync(join(home, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { name } of byAge.slice(KEPT)) rmSync(join(home, name), { recursive: true, force: true });
}
