import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { suggestion } from '#lib/pipelines/names-known.ts';
import type { Pipeline } from './pipeline.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * Every pipeline of the project by name: one folder here each. Adding a pipeline is adding a folder.
 *
 * Throws one error that names each folder without a sound `pipeline.ts`.
 */
export async function loadPipelines(folder: string = here): Promise<Record<string, Pipeline>> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
  const found: Record<string, Pipeline> = {};
  const problems: string[] = [];
  for (const name of names) {
    const loaded = await loadFrom(path.join(folder, name), name);
    if (typeof loaded === 'string') problems.push(loaded);
    else found[name] = loaded;
  }
  if (problems.length) throw new Error(problems.join('\n'));
  return found;
}

/** One pipeline by name; an unknown name is answered with the names there are. */
export async function loadPipeline(name: string, folder: string = here): Promise<Pipeline> {
  const pipelines = await loadPipelines(folder);
  const pipeline = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined;
  if (!pipeline) throw new Error(`There is no pipeline ${name} (${suggestion(name, Object.keys(pipelines))})`);
  return pipeline;
}

async function loadFrom(folder: string, name: string): Promise<Pipeline | string> {
  const file = path.join(folder, 'pipeline.ts');
  const shown = `lib/pipelines/${name}/pipeline.ts`;
  if (!existsSync(file))
    return `${shown} is missing: every folder of lib/pipelines is a pipeline; write it or remove the folder`;
  let pipeline: Pipeline | undefined;
  try {
    pipeline = ((await import(pathToFileURL(file).href)) as { default?: Pipeline }).default;
  } catch (error) {
    return `${shown}: ${error instanceof Error ? error.message : error}`;
  }
  if (!pipeline?.name) return `${shown} has no default export: write export default definePipeline({ … })`;
  if (pipeline.name !== name)
    return `${shown} names itself '${pipeline.name}': rename the folder or set name: '${name}'`;
  return pipeline;
}
