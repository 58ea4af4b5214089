import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readDataFolder } from '#cli/data/folder.ts';
import { root } from '#cli/setup.mjs';
import { candidateTableName, rawTableName } from '#lib/names.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';
import { type Bench, type Benchmark, processLines, temporaryFolder } from '../lib/bench.ts';
import { alternate, seconds, seriesOf } from '../lib/measure.ts';
import { seriesRow, table, type Verdict } from '../lib/report.ts';
import { python, sparkEnvironments } from '../lib/spark.ts';

/** The feature job of buyer-stage on its sample data, as a process from start to end. */
export const spark: Benchmark = {
  title: 'feature job of buyer-stage on the sample data, the local cloud’s settings against Spark’s own (seconds)',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'spark');
    const pipeline = await compilePipeline(buyerStage);
    const environments = await sparkEnvironments(bench, join(folder, 'launcher'));
    const side = (name: 'tuned' | 'default') => async () => {
      const work = join(folder, name);
      mkdirSync(work);
      const request = featuresRequest(pipeline, work);
      const command = [python(), join(root, 'emr-steps/run_queries.py'), '--request', request] as const;
      const time = await seconds(() => processLines(bench, [...command], { env: environments[name], cwd: work }));
      checkReport(work);
      rmSync(work, { recursive: true, force: true });
      return time;
    };
    const [tuned, plain] = await alternate(bench.quick ? 1 : 3, side('tuned'), side('default'));
    const [ours, theirs] = [seriesOf(tuned), seriesOf(plain)];
    bench.print(table(['', 'median', 'min', 'max'], [seriesRow('tuned', ours), seriesRow('default', theirs)]));
    return [{ what: 'Spark, tuned / default', value: ours.median / theirs.median, aim: { atMost: 0.5 } }];
  },
};

/** The request the `start-emr` step would write, on files of this machine; gives its address. */
function featuresRequest(pipeline: CompiledPipeline, work: string): string {
  const data = readDataFolder(join(root, 'sample-data', pipeline.name), pipeline);
  const at = (path: string) => pathToFileURL(join(work, path)).href;
  mkdirSync(join(work, 'report'));
  const request = {
    runDate: '2026-11-20',
    views: data.sources.map(({ source, format, files }) => ({
      name: rawTableName(pipeline.name, source),
      format,
      columns: columnTypes(pipeline.sources[source]?.columns ?? {}),
      location: { uri: pathToFileURL(files[0] as string).href },
    })),
    queries: Object.entries(pipeline.tables).map(([name, { columns, partitionBy, partitionTypes }]) => ({
      table: name,
      view: candidateTableName(pipeline.name, name),
      sql: pipeline.queries[name]?.spark,
      columns: columnTypes(columns),
      partitionBy,
      partitionTypes: columnTypes(partitionTypes),
      location: { uri: at(`tables/${name}/`) },
    })),
    report: { uri: at('report/') },
  };
  writeFileSync(join(work, 'request.json'), JSON.stringify(request));
  return at('request.json');
}

/** A job that made nothing would be the fastest. */
function checkReport(work: string): void {
  const report = JSON.parse(readFileSync(join(work, 'report/report.json'), 'utf8')) as {
    tables: Record<string, { rows: number }>;
  };
  for (const [name, { rows }] of Object.entries(report.tables))
    if (!rows) throw new Error(`the Spark job made no rows of ${name}`);
}
