import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { candidateTableName, predictionsTableName, rawTableName } from '#lib/names.ts';
import { suggestion } from '#lib/pipelines/names-known.ts';
import type { CompiledPipeline, CompiledQuery, Pipeline, SourceFormat } from '#lib/pipelines/pipeline.ts';
import { fileColumns } from '#lib/pipelines/references.ts';
import { scoredColumns } from './scored-sql.ts';
import { columnTypes, tableColumns, withConstants } from './sql-text.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');

export interface CompileOptions {
  /** Folder of the query files; default `lib/pipelines/<name>/sql`. */
  folder?: string;
  /** Folder of finished translations; default `node_modules/.cache/presage`. */
  cache?: string;
  /** The interpreter that has sqlglot; default `.venv/bin/python`. */
  python?: string;
  /** Asks compile.py; default a process of its own. */
  translate?: (request: string) => Promise<Answer>;
}

/** What compile.py says: with problems there are no queries. */
export interface Answer {
  queries: Record<string, CompiledQuery>;
  problems: string[];
}

/**
 * The definition with its queries in both dialects.
 *
 * `formats` says in which format an environment has a source when it is not the definition's: CSV columns are text in
 * the catalogue and are cast in the query. Throws one error that lists everything wrong with the pipeline's SQL. The
 * translation is Python's sqlglot; its answer is kept by the hash of all that it depends on, so that nothing is started
 * when nothing has changed.
 */
export async function compilePipeline(
  pipeline: Pipeline,
  formats: Record<string, SourceFormat> = {},
  options: CompileOptions = {},
): Promise<CompiledPipeline> {
  const folder = options.folder ?? path.join(root, 'lib/pipelines', pipeline.name, 'sql');
  const request = JSON.stringify(await readQueries(pipeline, formats, folder));
  const cache = options.cache ?? path.join(root, 'node_modules/.cache/presage');
  const file = path.join(cache, `sql-${await fingerprint(request)}.json`);
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known) return { ...pipeline, queries: JSON.parse(known) };

  const translate = options.translate ?? translator(options.python ?? path.join(root, '.venv/bin/python'));
  const answer = await translate(request);
  if (answer.problems.length) throw problemError(pipeline, answer.problems);
  await mkdir(cache, { recursive: true });
  // Renamed into place: a reader sees all of it or none.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(answer.queries));
  await rename(draft, file);
  return { ...pipeline, queries: answer.queries };
}

/** What a query of the definition has to give and may read; the request of compile.py says it in full. */
interface WantedQuery {
  /** Column → type, null where the query decides it; null for columns of any names. */
  output: Record<string, string | null> | null;
  /** Columns there must be among columns of any names. */
  needs?: string[];
  /** Relations made at run time. */
  given?: Record<string, Record<string, string>>;
  reads: string[];
  /** Reads sources before anyone has judged them: what does not parse is null there and no failure. */
  lenient?: boolean;
}

/** Every query of a definition, by the name of its file. */
function wantedQueries(pipeline: Pipeline): Record<string, WantedQuery> {
  const { model, predictions } = pipeline;
  const sources = Object.keys(pipeline.sources);
  const made = [...Object.keys(pipeline.tables), ...(model ? ['predictions'] : [])];
  const reads = [...sources, ...made];
  const found: Record<string, WantedQuery> = {};
  for (const [name, table] of Object.entries(pipeline.tables)) found[name] = { output: tableColumns(table), reads };
  const counts = Object.keys(pipeline.counts);
  if (counts.length)
    found.counts = {
      output: Object.fromEntries(counts.map((name) => [name, 'bigint'])),
      reads: sources,
      lenient: true,
    };
  for (const [name, { file }] of Object.entries(pipeline.outputs))
    found[name] = { output: null, needs: fileColumns(file), reads: made };
  if (!model || !predictions) return found;
  const types = columnTypes(predictions.columns);
  const typed = (names: string[]) => Object.fromEntries(names.map((name) => [name, types[name] ?? null]));
  const untyped = (names: string[]) => Object.fromEntries(names.map((name) => [name, null]));
  const key = typed(model.trainingKey);
  found.training = { output: { ...key, ...untyped(model.features), ...untyped([model.label]) }, reads };
  found.inference = { output: { ...typed(predictions.key), ...untyped(model.features) }, reads };
  found.predictions = { output: types, given: { scored: scoredColumns(pipeline) }, reads };
  return found;
}

async function readQueries(pipeline: Pipeline, formats: Record<string, SourceFormat>, folder: string) {
  const wanted = wantedQueries(pipeline);
  const present = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.sql'));
  const shown = (name: string) => path.relative(root, path.join(folder, `${name}.sql`)).replaceAll('\\', '/');
  const problems = [
    ...Object.keys(wanted)
      .filter((name) => !present.includes(`${name}.sql`))
      .map((name) => `${shown(name)} (missing-file): the definition asks for this query; write it`),
    ...present
      .map((file) => file.slice(0, -'.sql'.length))
      .filter((name) => !wanted[name])
      .map((name) => {
        const hint = suggestion(name, Object.keys(wanted));
        return `${shown(name)} (unknown-file): ${pipeline.name} has no table or output of this name (${hint}); rename or remove it`;
      }),
  ];
  if (problems.length) throw problemError(pipeline, problems);

  const queries: Record<string, object> = {};
  for (const [name, query] of Object.entries(wanted))
    queries[name] = {
      file: shown(name),
      sql: withConstants(await readFile(path.join(folder, `${name}.sql`), 'utf8'), pipeline),
      needs: [],
      given: {},
      lenient: false,
      ...query,
    };
  const sources = Object.entries(pipeline.sources).map(([name, source]) => [
    name,
    {
      raw: rawTableName(pipeline.name, name),
      format: formats[name] ?? source.format,
      key: source.key,
      distinct: source.distinct,
      date: source.date ?? null,
      columns: columnTypes(source.columns),
    },
  ]);
  const tables = Object.entries(pipeline.tables).map(([name, table]) => [
    name,
    { candidate: candidateTableName(pipeline.name, name), columns: tableColumns(table) },
  ]);
  return {
    sources: Object.fromEntries(sources),
    tables: Object.fromEntries(tables),
    predictions: published(pipeline),
    parameters: Object.keys(pipeline.parameters),
    queries,
  };
}

/** The relation `predictions`: of a pipeline with a model, what has been predicted on every day. */
const published = ({ name, model, predictions }: Pipeline) =>
  model && predictions ? { published: predictionsTableName(name), columns: columnTypes(predictions.columns) } : null;

function problemError(pipeline: Pipeline, problems: string[]) {
  const count = `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
  return new Error(
    `The SQL of ${pipeline.name} has ${count}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
}

/** Everything a translation depends on: the request, the translating code and the pinned Python packages. */
async function fingerprint(request: string): Promise<string> {
  const hash = createHash('sha256').update(request);
  const code = (await readdir(here)).filter((file) => file.endsWith('.py')).sort();
  for (const file of [...code.map((name) => path.join(here, name)), path.join(root, 'local/requirements.lock')])
    hash.update(path.basename(file)).update(await readFile(file).catch(() => ''));
  return hash.digest('hex').slice(0, 24);
}

const translator =
  (python: string) =>
  async (request: string): Promise<Answer> => {
    if (!existsSync(python))
      throw new Error(`${python} is missing, which translates the SQL of the pipelines: run npm start to set it up`);
    const child = spawn(python, ['-B', path.join(here, 'compile.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => output.push(data));
    child.stderr.on('data', (data: Buffer) => errors.push(data));
    child.stdin.on('error', () => {}); // it died before reading: its exit tells why
    child.stdin.end(request);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`The SQL translation failed (exit ${code}):\n${Buffer.concat(errors)}`);
    return JSON.parse(Buffer.concat(output).toString()) as Answer;
  };
