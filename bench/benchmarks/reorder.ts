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
  processorSeconds: number;
  peakBytes: number;
  said: { seconds: number } | null;
}
type Engine = 'athena' | 'pandas' | 'spark';
interface Figures {
  seconds: number;
  gigabytes: number;
}

/** From CSV files to the six tables in Parquet, on both sizes; every engine's tables are compared with pandas's. */
export const reorderFeatures: Benchmark = {
  title: 'features of reorder from CSV to Parquet: the local Athena, pandas and Spark',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'reorder');
    const names = bench.quick ? (['0.1 M', '1 M'] as const) : (['1 M', '10 M'] as const);
    const pandas = await installPandas(bench, folder);
    const [small, large] = [await Size.prepare(bench, folder, names[0]), await Size.prepare(bench, folder, names[1])];
    // Spark last, as it takes longest: what is compared is measured close together.
    for (const size of [small, large]) {
      await size.measure('pandas', { ...localPythonEnv(), PYTHONPATH: pandas });
      await size.measure('athena', localPythonEnv());
    }
    for (const size of [small, large]) await size.measure('spark', size.spark);
    const exponent = (engine: Engine) =>
      Math.log(large.of(engine).seconds / small.of(engine).seconds) / Math.log(large.lines / small.lines);
    const row = (engine: Engine, title: string) => [
      title,
      ...[small, large].flatMap((size) => [size.of(engine).seconds, size.of(engine).gigabytes]),
      figure(exponent(engine)),
    ];
    bench.print(
      table(
        ['order lines', `${small.name} s`, 'GB', `${large.name} s`, 'GB', 'exponent'],
        [row('athena', 'local Athena'), row('pandas', 'pandas'), row('spark', 'Spark, its start included')],
      ),
    );
    return [
      ...[small, large].flatMap((size): Verdict[] => [
        {
          what: `pandas / local Athena, seconds at ${size.name}`,
          value: size.of('pandas').seconds / size.of('athena').seconds,
          aim: { atLeast: 1.4 },
        },
        {
          what: `local Athena / pandas, memory at ${size.name}`,
          value: size.of('athena').gigabytes / size.of('pandas').gigabytes,
          aim: { atMost: 0.25 },
        },
      ]),
      { what: 'local Athena, exponent of growth', value: exponent('athena'), aim: { atMost: 1.1 } },
    ];
  },
};

async function installPandas(bench: Bench, folder: string): Promise<string> {
  const target = join(folder, 'pandas-package');
  await processLines(bench, [
    ...([join(root, '.venv/bin/uv'), 'pip', 'install', '--quiet', '--no-deps'] as const),
    ...['--python', python(), '--target', target, '--compile-bytecode', ...PANDAS],
  ]);
  return target;
}

/** The sample data of one size, and what each engine took for it. */
class Size {
  readonly name: string;
  readonly lines: number;
  readonly spark: NodeJS.ProcessEnv;
  private readonly bench: Bench;
  private readonly work: string;
  private readonly figures = new Map<Engine, Figures>();

  private constructor(bench: Bench, name: string, work: string, lines: number, spark: NodeJS.ProcessEnv) {
    this.bench = bench;
    this.name = name;
    this.work = work;
    this.lines = lines;
    this.spark = spark;
  }

  static async prepare(bench: Bench, folder: string, name: keyof typeof SCALES): Promise<Size> {
    const work = join(folder, name.replace(' ', ''));
    const data = join(work, 'data');
    const { default: set } = (await import('../../sample-data/reorder/generate.ts')) as { default: SampleSet };
    const lines = Number(/order_products (\d+)/.exec(set.generate(data, SCALES[name]).join())?.[1]);
    const sizes = readdirSync(data, { recursive: true, encoding: 'utf8' }).map(
      (file) => statSync(join(data, file)).size,
    );
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const { tuned } = await sparkEnvironments(bench, join(work, 'launcher'), bytes);
    return new Size(bench, name, work, lines, tuned);
  }

  of(engine: Engine): Figures {
    const found = this.figures.get(engine);
    if (!found) throw new Error(`${engine} has not been measured at ${this.name}`);
    return found;
  }

  /** Runs the work once and prints what it took; a Problem when its tables are not those of pandas. */
  async measure(engine: Engine, env: NodeJS.ProcessEnv): Promise<void> {
    const command = [python(), script('measured.py'), python(), ...(await this.command(engine))] as const;
    const { seconds, processorSeconds, peakBytes, said } = await processJson<Measured>(this.bench, [...command], {
      env,
      cwd: this.work,
    });
    const found = { seconds: said?.seconds ?? seconds, gigabytes: peakBytes / 1e9 };
    this.figures.set(engine, found);
    // Processor time tells what a busy machine hides; the process's start is in it. Of Spark it would lack the Java side.
    const busy = engine === 'spark' ? '' : ` (${figure(processorSeconds)} s of processors)`;
    this.bench.print(`  ${this.name}, ${engine}: ${figure(found.seconds)} s${busy}, ${figure(found.gigabytes)} GB`);
    if (engine === 'pandas') return;
    const [ours, theirs] = [this.out('pandas'), this.out(engine)];
    const tables = Object.keys(reorder.tables);
    await processLines(this.bench, [python(), script('same_tables.py'), ours, theirs, ...tables]);
    rmSync(theirs, { recursive: true, force: true });
  }

  private out(engine: Engine): string {
    const path = join(this.work, engine);
    mkdirSync(path, { recursive: true });
    return path;
  }

  private async command(engine: Engine): Promise<string[]> {
    const data = join(this.work, 'data');
    if (engine === 'pandas') return [script('reorder_pandas.py'), data, this.out('pandas')];
    const request = featuresRequest(await compilePipeline(reorder), engine, data, this.out(engine));
    if (engine === 'athena') return [script('features_athena.py'), request];
    return [join(root, 'emr-steps/run_queries.py'), '--request', pathToFileURL(request).href];
  }
}

const script = (name: string) => join(root, 'bench/python', name);
