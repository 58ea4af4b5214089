import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '#cli/setup.mjs';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import type { SampleSet } from '../../sample-data/library/sample-set.ts';
import { type Bench, type Benchmark, processJson, processLines, temporaryFolder } from '../lib/bench.ts';
import { featuresRequest } from '../lib/features.ts';
import { figure, table, type Verdict } from '../lib/report.ts';
import { localPythonEnv, python, sparkEnvironments } from '../lib/spark.ts';

/** Not in the lock file of the project: only this benchmark needs it. NumPy and PyArrow are the project's own. */
const PANDAS = ['pandas==3.1.1', 'python-dateutil==2.9.0.post0', 'six==1.17.0'];
/** The sample set has some 20,400 order lines. */
const SCALES = { '0.1 M': 5, '1 M': 49, '10 M': 490 };

/** `said` is of the work alone; Spark says nothing, its time is that of the process from start to end. */
interface Measured {
  seconds: number;
  peakBytes: number;
  said: { seconds: number } | null;
}
type Engine = 'athena' | 'pandas' | 'spark';
type Figures = { lines: number } & Record<Engine, { seconds: number; gigabytes: number }>;

/** From CSV files to the six tables in Parquet, on both sizes; every engine's tables are compared with pandas's. */
export const reorderFeatures: Benchmark = {
  title: 'features of reorder from CSV to Parquet: the local Athena, pandas and Spark',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'reorder');
    const [small, large] = bench.quick ? (['0.1 M', '1 M'] as const) : (['1 M', '10 M'] as const);
    const pandas = join(folder, 'pandas-package');
    await processLines(bench, [
      ...([join(root, '.venv/bin/uv'), 'pip', 'install', '--quiet', '--no-deps'] as const),
      ...['--python', python(), '--target', pandas, '--compile-bytecode', ...PANDAS],
    ]);
    const first = await measure(bench, folder, pandas, small);
    const second = await measure(bench, folder, pandas, large);
    const exponent = (engine: Engine) =>
      Math.log(second[engine].seconds / first[engine].seconds) / Math.log(second.lines / first.lines);
    const row = (engine: Engine, title: string) => [
      title,
      ...[first, second].flatMap((found) => [found[engine].seconds, found[engine].gigabytes]),
      figure(exponent(engine)),
    ];
    bench.print(
      table(
        ['order lines', `${small} s`, 'GB', `${large} s`, 'GB', 'exponent'],
        [row('athena', 'local Athena'), row('pandas', 'pandas'), row('spark', 'Spark, its start included')],
      ),
    );
    return [
      ...[first, second].flatMap((found, i): Verdict[] => [
        {
          what: `pandas / local Athena, seconds at ${[small, large][i]}`,
          value: found.pandas.seconds / found.athena.seconds,
          aim: { atLeast: 1.4 },
        },
        {
          what: `local Athena / pandas, memory at ${[small, large][i]}`,
          value: found.athena.gigabytes / found.pandas.gigabytes,
          aim: { atMost: 0.25 },
        },
      ]),
      { what: 'local Athena, exponent of growth', value: exponent('athena'), aim: { atMost: 1.1 } },
    ];
  },
};

async function measure(bench: Bench, folder: string, pandas: string, size: keyof typeof SCALES): Promise<Figures> {
  const work = join(folder, size.replace(' ', ''));
  const data = join(work, 'data');
  const { default: set } = (await import('../../sample-data/reorder/generate.ts')) as { default: SampleSet };
  const lines = Number(/order_products (\d+)/.exec(set.generate(data, SCALES[size]).join())?.[1]);
  const out = (engine: Engine) => {
    const path = join(work, engine);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const pipeline = await compilePipeline(reorder);
  const script = (name: string) => join(root, 'bench/python', name);
  const run = async (command: string[], env: NodeJS.ProcessEnv) => {
    const measured = await processJson<Measured>(bench, [python(), script('measured.py'), python(), ...command], {
      env,
      cwd: work,
    });
    return { seconds: measured.said?.seconds ?? measured.seconds, gigabytes: measured.peakBytes / 1e9 };
  };
  const bytes = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(data, name)).size);
  const input = bytes.reduce((sum, size) => sum + size, 0);
  const { tuned } = await sparkEnvironments(bench, join(work, 'launcher'), input);
  const figures: Figures = {
    lines,
    pandas: await run([script('reorder_pandas.py'), data, out('pandas')], { ...localPythonEnv(), PYTHONPATH: pandas }),
    athena: await run(
      [script('features_athena.py'), featuresRequest(pipeline, 'athena', data, out('athena'))],
      localPythonEnv(),
    ),
    spark: await run(
      [
        join(root, 'emr-steps/run_queries.py'),
        '--request',
        pathToFileURL(featuresRequest(pipeline, 'spark', data, out('spark'))).href,
      ],
      tuned,
    ),
  };
  for (const engine of ['athena', 'spark'] as const)
    await processLines(bench, [
      ...([python(), script('same_tables.py'), out('pandas'), out(engine)] as const),
      ...Object.keys(pipeline.tables),
    ]);
  rmSync(work, { recursive: true, force: true });
  return figures;
}
