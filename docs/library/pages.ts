import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment, environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { definitionPage } from './definition.ts';
import { reference } from './reference.ts';

/** docs/ */
export const FOLDER = fileURLToPath(new URL('../', import.meta.url));

const BEGIN = '<!-- reference: made of the definition by `npm run docs`; write above this line -->';
const END = '<!-- end of the reference -->';

/** A page as it should be: what people wrote, then the reference. A page that is not there begins with the question. */
export function page(written: string | undefined, name: string, asks: string, reference: string): string {
  const own = (written ?? `# ${name}\n\n${asks}\n`).split(BEGIN)[0]?.trimEnd();
  return `${own}\n\n${BEGIN}\n\n${reference}\n\n${END}\n`;
}

/** Path in docs/ → text of every page, as it should be. */
export async function pages(folder = FOLDER): Promise<Record<string, string>> {
  const found: Record<string, string> = { 'definition.md': definitionPage() };
  for (const [name, pipeline] of Object.entries(await loadPipelines())) {
    const text = reference(await compilePipeline(pipeline), Object.values<Environment>(environments));
    const file = `pipelines/${name}.md`;
    found[file] = page(read(path.join(folder, file)), name, pipeline.asks, text);
  }
  return found;
}

/** Pages that `npm run docs` would write anew, and pages of pipelines that are no more. */
export async function stalePages(folder = FOLDER): Promise<string[]> {
  const wanted = await pages(folder);
  const there = readdirSync(path.join(folder, 'pipelines')).map((file) => `pipelines/${file}`);
  return [
    ...Object.keys(wanted).filter((file) => read(path.join(folder, file)) !== wanted[file]),
    ...there.filter((file) => !(file in wanted)),
  ];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
