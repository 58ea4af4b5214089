import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { documentOf } from '#site/html/document.ts';
import { type PageData, pageData } from '#site/page-data.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Writes the page into a folder: `index.html`, and below `assets/` what it loads, with the hash of the content in each
 * name. So the files below `assets/` may be kept forever, and `index.html` has to be asked for each time.
 *
 * What was below `assets/` before is removed; other files of the folder stay.
 */
export async function buildSite(folder: string): Promise<void> {
  const data = pageData(await loadPipelines());
  rmSync(join(folder, 'assets'), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const assets = await bundle(join(folder, 'assets'), data);
  writeFileSync(join(folder, 'index.html'), documentOf(data, assets));
}

export interface Assets {
  script: string;
  style: string;
  icon: string;
}

/** Addresses of the bundled files, relative to the page. */
async function bundle(outdir: string, data: PageData): Promise<Assets> {
  const { metafile } = await build({
    entryPoints: ['client/main.ts', 'style.css', 'icon.svg'].map((file) => join(here, file)),
    outdir,
    entryNames: '[name]-[hash]',
    define: { PAGE: JSON.stringify(data) },
    loader: { '.svg': 'copy' },
    bundle: true,
    minify: true,
    format: 'esm',
    // Every browser of the last three years.
    target: ['chrome117', 'firefox117', 'safari16.5'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  });
  const named = (start: string) => {
    const file = Object.keys(metafile.outputs).find((path) => basename(path).startsWith(start));
    if (!file) throw new Error(`The build of the page made no ${start}…`);
    return `assets/${basename(file)}`;
  };
  return { script: named('main-'), style: named('style-'), icon: named('icon-') };
}

/** Bytes a first visit loads, by file: what a test of the size compresses. */
export function firstLoad(folder: string): Buffer[] {
  const html = readFileSync(join(folder, 'index.html'));
  const assets = [...html.toString().matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  return [html, ...assets.map((path) => readFileSync(join(folder, path)))];
}
