import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { inputHash } from '#cli/local/assembly.ts';
import { withLock } from '#cli/setup/lock.mjs';
import { root } from '#cli/setup.mjs';
import { ROUTES } from '#lambdas/shared/http/routes.ts';
import { STEPS } from '#lambdas/shared/steps.ts';
import { synthesize } from '#lib/app.ts';
import type { Environment } from '#lib/environments.ts';

// biome-ignore lint/suspicious/noExplicitAny: templates are plain JSON whose shape the assertions themselves state
export type Json = any;

export interface Resource {
  Type: string;
  Properties: Json;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Template {
  stack: string;
  Resources: Record<string, Resource>;
  Rules?: Json;
}

// CDK's own validation of each template takes seconds; nag.test.ts synthesizes with it.
process.env.CDK_VALIDATION = 'false';

/** Templates are the same whatever code the functions run. */
export async function emptyHandlers(outdir: string): Promise<void> {
  for (const folder of [...STEPS.map(({ step }) => step), ...ROUTES.map((route) => route.folder)]) {
    mkdirSync(join(outdir, folder), { recursive: true });
    writeFileSync(join(outdir, folder, 'handler.mjs'), '');
  }
}

interface SynthOptions {
  context?: Record<string, unknown>;
  environments?: Record<string, Environment>;
}

const cache = join(root, 'node_modules/.cache/presage/templates');
/** A test run makes fifteen; with fewer kept than that every run would make some of them anew. */
const KEPT = 40;

/** For a hook or a test that synthesizes, on a machine that has other things to do. */
export const SYNTH_MS = 300_000;

/**
 * Every template of the app, by stack name.
 *
 * Synthesizing all environments with all pipelines takes a quarter of a minute of computing, and most test files want the
 * same templates: they are kept by the hash of all that goes into them, and made by one process while others wait.
 */
export async function synthTemplates(options: SynthOptions = {}): Promise<Record<string, Template>> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${inputHash({ ...options, synth: readFileSync(import.meta.filename, 'utf8') })}.json`);
  if (!existsSync(file))
    await withLock(
      join(cache, '.lock'),
      () => {},
      async () => {
        if (existsSync(file)) return;
        const draft = join(cache, `.draft-${process.pid}`);
        writeFileSync(draft, JSON.stringify(await synthesizeInto(options)));
        renameSync(draft, file);
        removeOld();
      },
    );
  return JSON.parse(readFileSync(file, 'utf8'));
}

function removeOld(): void {
  const kept = readdirSync(cache).filter((name) => name.endsWith('.json'));
  const byAge = kept.map((name) => ({ name, at: statSync(join(cache, name)).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { name } of byAge.slice(KEPT)) rmSync(join(cache, name), { force: true });
}

/** Synthesizes the app into a folder that is gone afterwards. */
async function synthesizeInto(options: SynthOptions): Promise<Record<string, Template>> {
  const folder = mkdtempSync(join(tmpdir(), 'presage-synth-'));
  try {
    const app: App = await synthesize({
      dist: join(folder, 'dist'),
      app: { outdir: join(folder, 'cdk.out'), context: { 'aws:cdk:disable-asset-staging': true, ...options.context } },
      environments: options.environments,
      bundle: emptyHandlers,
    });
    const assembly = app.synth();
    const stacks = assembly.nestedAssemblies.flatMap(({ nestedAssembly }) => nestedAssembly.stacks);
    return Object.fromEntries(stacks.map((stack) => [stack.stackName, { stack: stack.stackName, ...stack.template }]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const resourcesOf = (template: Template, type: string): (Resource & { id: string })[] =>
  Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, ...resource }));

export const allResources = (templates: Record<string, Template>, type: string) =>
  Object.values(templates).flatMap((template) =>
    resourcesOf(template, type).map((resource) => ({ stack: template.stack, ...resource })),
  );

/** A state machine's definition as an object; ARNs that are known only at deployment become `arn:aws:…:<logical id>`. */
export function definitionOf(machine: Resource): Json {
  return JSON.parse(flatten(machine.Properties.DefinitionString));
}

/** Puts an `Fn::Join` back into one text. */
export function flatten(value: Json): string {
  if (typeof value === 'string') return value;
  if (value?.['Fn::Join']) return (value['Fn::Join'][1] as Json[]).map(flatten).join(value['Fn::Join'][0]);
  if (value?.['Fn::Sub']) return value['Fn::Sub'];
  if (value?.['Fn::GetAtt']) return `arn:aws:lambda:eu-west-1:111111111111:function:${value['Fn::GetAtt'][0]}`;
  if (value?.Ref === 'AWS::Partition') return 'aws';
  if (value?.Ref) return String(value.Ref);
  throw new Error(`cannot flatten ${JSON.stringify(value)}`);
}

/** Every state, those inside Parallel and Map too. */
export function allStates(definition: Json): [string, Json][] {
  return Object.entries<Json>(definition.States).flatMap(([name, state]) => [
    [name, state] as [string, Json],
    ...(state.Branches ?? []).flatMap(allStates),
    ...(state.ItemProcessor ? allStates(state.ItemProcessor) : []),
  ]);
}
