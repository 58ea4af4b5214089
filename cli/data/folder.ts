import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '#cli/setup/problem.mjs';
import type { Pipeline, SourceFormat } from '#lib/pipelines/pipeline.ts';

/** A file named by a pipeline's training key instead of being a source: those rows are the holdout. */
export const HOLDOUT = 'holdout';

/** The files of one source, all of one format. */
export interface SourceFiles {
  source: string;
  format: SourceFormat;
  files: string[];
}

export interface DataFolder {
  sources: SourceFiles[];
  /** About what was left alone. */
  notices: string[];
}

const ENDINGS: [string, SourceFormat][] = [
  ['.csv.gz', 'csv'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
];

/**
 * Finds the files of each source in a folder: `<source>/*` or one file `<source>.csv`, `.csv.gz` or `.parquet`.
 *
 * Only the layout is judged here, as wrong usage (exit code 2). What the files hold, and whether a source is missing,
 * is for the run's own checks, so that the same message reaches the mail.
 */
export function readDataFolder(folder: string, pipeline: Pipeline): DataFolder {
  const entries = list(folder);
  const known = [...Object.keys(pipeline.sources), ...(pipeline.model ? [HOLDOUT] : [])];
  const found = new Map<string, string[]>();
  const notices: string[] = [];
  const problems: string[] = [];
  for (const name of entries) {
    const path = join(folder, name);
    const isFolder = statSync(path).isDirectory();
    const source = isFolder ? name : stemOf(name);
    if (source === undefined || !known.includes(source)) {
      notices.push(`${path} is none of ${pipeline.name}’s sources and is not read`);
      continue;
    }
    const files = isFolder ? filesIn(path, notices) : [path];
    if (found.has(source)) problems.push(`${source}: there is both a folder and a file, or two files; keep one`);
    if (files.length) found.set(source, [...(found.get(source) ?? []), ...files]);
  }
  const sources = [...found].map(([source, files]) => {
    const formats = [...new Set(files.map((file) => formatOf(file)))];
    if (formats.length > 1) problems.push(`${source}: files of ${formats.join(' and ')}; use one format for a source`);
    return { source, files, format: formats[0] as SourceFormat };
  });
  if (!sources.some(({ source }) => source !== HOLDOUT))
    problems.push(
      `nothing in it is a source of ${pipeline.name}; expected <source>.csv, .csv.gz or .parquet, or a folder of such files, for ${Object.keys(pipeline.sources).join(', ')}`,
    );
  if (problems.length) throw new Problem(`--data ${folder}: ${problems.join('\n  ')}`, 2);
  return { sources, notices };
}

function list(folder: string): string[] {
  try {
    return visible(readdirSync(folder));
  } catch (error) {
    const why = { ENOENT: 'there is no such folder', ENOTDIR: 'it is a file; name the folder it is in' };
    const code = (error as NodeJS.ErrnoException).code as keyof typeof why;
    throw new Problem(`--data ${folder}: ${why[code] ?? `it cannot be read (${code})`}`, 2);
  }
}

function filesIn(folder: string, notices: string[]): string[] {
  return visible(readdirSync(folder)).flatMap((name) => {
    const path = join(folder, name);
    if (formatOf(name) && statSync(path).isFile()) return [path];
    notices.push(`${path} is no .csv, .csv.gz or .parquet file and is not read`);
    return [];
  });
}

/** Without what other programs leave beside data: `.DS_Store`, `_SUCCESS`. */
const visible = (names: string[]) => names.filter((name) => !/^[._]/.test(name)).sort();

const endingOf = (name: string) => ENDINGS.find(([ending]) => name.endsWith(ending));
const formatOf = (name: string) => endingOf(name)?.[1];
const stemOf = (name: string) => {
  const ending = endingOf(name);
  return ending ? name.slice(0, -ending[0].length) : undefined;
};
