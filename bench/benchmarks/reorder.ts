import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '#cli/setup.mjs';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import type { SampleSet } from '../../sample-data/library/sample-set.ts';
import { type Bench, type Benchmark, processJson, processLines, temporaryFolder } from '../lib/bench.ts';
import { featuresRequest } from '../lib/features.ts';
import { alternate, seriesOf } from '../lib/measure.ts';
import { figure, table, type Verdict } from '../lib/report.ts';
import { localPythonEnv, python, sparkEnvironments } from '../lib/spark.ts';

/** Not in the lock file of the project: only this benchmark needs it. NumPy and PyArrow are the project's own. */
const PANDAS = ['pandas==3.1.1', 'python-dateutil==2.9.0.post0', 'six==1.17.0'];
/** Scales of the sample set, which has some 20,400 order lines, how often two sides are measured, and Spark's limit. */
const SIZES = {
  '0.1 M': { scale: 5, rounds: 3, sparkSeconds: 300 },
  '1 M': { scale: 49, rounds: 5, sparkSeconds: 600 },
  '10 M': { scale: 490, rounds: 1, sparkSeconds: 1800 },
};

/** `said` is of the work alone; Spark says nothing, its time is that of the process from start to end. */
interface Measured {
  seconds: number;
  peakBytes: number;
  said: { seconds: number; processorSeconds: number } | null;
}
type Engine = 'athena' | 'pandas' | 'spark';
/** `processor` is null for Spark: it would lack the Java side. */
interface Figures {
  seconds: number;
  processor: number | null;
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
    // In turns, as a busy machine is so for both then; Spark last, as it takes longest.
    for (const size of [small, large])
      await alternate(
        size.rounds,
        () => size.measure('pandas', { ...localPythonEnv(), PYTHONPATH: pandas }),
        () => size.measure('athena', localPythonEnv()),
      );
    for (const size of [small, large]) await size.measure('spark', size.spark);
    const exponent = (engine: Engine) => {
      const [one, ten] = [small.of(engine), large.of(engine)];
      return one && ten ? figure(Math.log(ten.seconds / one.seconds) / Math.log(large.lines / small.lines)) : '';
    };
    const cells = (found: Figures | undefined) =>
      found ? [found.seconds, found.processor ?? '', found.gigabytes] : ['left out', '', ''];
    const row = (engine: Engine, title: string) => [
      title,
      ...[small, large].flatMap((size) => cells(size.of(engine))),
      exponent(engine),
    ];
    const head = [small, large].flatMap(({ name }) => [`${name} s`, 'processor s', 'GB']);
    bench.print(
      table(
        ['order lines', ...head, 'exponent'],
        [row('athena', 'local Athena'), row('pandas', 'pandas'), row('spark', 'Spark, its start included')],
      ),
    );
    return [...[small, large].flatMap(ratios), growth(small, large)];
  },
};

/** What is aimed at is seconds; those of the processors are the same ratio without what else the machine did. */
function ratios(size: Size): Verdict[] {
  const [athena, pandas] = [size.sure('athena'), size.sure('pandas')];
  const processors = (pandas.processor ?? 0) / (athena.processor ?? 1);
  return [
    {
      what: `pandas / local Athena, seconds at ${size.name} (of processors: ${figure(processors)})`,
      value: pandas.seconds / athena.seconds,
      aim: { atLeast: 1.4 },
    },
    {
      what: `local Athena / pandas, memory at ${size.name}`,
      value: athena.gigabytes / pandas.gigabytes,
      aim: { atMost: 0.25 },
    },
  ];
}

function growth(small: Size, large: Size): Verdict {
  const [one, ten] = [small.sure('athena'), large.sure('athena')];
  const value = Math.log(ten.seconds / one.seconds) / Math.log(large.lines / small.lines);
  return { what: 'local Athena, exponent of growth', value, aim: { atMost: 1.1 } };
}

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
  readonly name: keyof typeof SIZES;
  readonly lines: number;
  readonly spark: NodeJS.ProcessEnv;
  private readonly bench: Bench;
  private readonly work: string;
  private readonly figures = new Map<Engine, Figures[]>();

  private constructor(bench: Bench, name: keyof typeof SIZES, work: string, lines: number, spark: NodeJS.ProcessEnv) {
    this.bench = bench;
    this.name = name;
    this.work = work;
    this.lines = lines;
    this.spark = spark;
  }

  static async prepare(bench: Bench, folder: string, name: keyof typeof SIZES): Promise<Size> {
    const work = join(folder, name.replace(' ', ''));
    const data = join(work, 'data');
    const { default: set } = (await import('../../sample-data/reorder/generate.ts')) as { default: SampleSet };
    const lines = Number(/order_products (\d+)/.exec(set.generate(data, SIZES[name].scale).join())?.[1]);
    const sizes = readdirSync(data, { recursive: true, encoding: 'utf8' }).map(
      (file) => statSync(join(data, file)).size,
    );
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const { tuned } = await sparkEnvironments(bench, join(work, 'launcher'), bytes);
    return new Size(bench, name, work, lines, tuned);
  }

  get rounds(): number {
    return SIZES[this.name].rounds;
  }

  /** The medians of what an engine took; nothing for one that was left out. */
  of(engine: Engine): Figures | undefined {
    const found = this.figures.get(engine);
    if (!found) return undefined;
    const median = (of: (one: Figures) => number) => seriesOf(found.map(of)).median;
    const processor = engine === 'spark' ? null : median((one) => one.processor ?? 0);
    return { seconds: median((one) => one.seconds), processor, gigabytes: median((one) => one.gigabytes) };
  }

  sure(engine: Engine): Figures {
    const found = this.of(engine);
    if (!found) throw new Error(`${engine} has not been measured at ${this.name}`);
    return found;
  }

  /** Runs the work once and prints what it took, or why it was left out; a Problem when its tables are not pandas's. */
  async measure(engine: Engine, env: NodeJS.ProcessEnv): Promise<void> {
    const limit = engine === 'spark' ? ['--at-most', String(SIZES[this.name].sparkSeconds)] : [];
    rmSync(join(this.work, engine), { recursive: true, force: true });
    const command = [python(), script('measured.py'), ...limit, python(), ...(await this.command(engine))] as const;
    const measured = await processJson<Measured | { leftOut: string }>(this.bench, [...command], {
      env,
      cwd: this.work,
    });
    if ('leftOut' in measured) {
      this.bench.print(`  ${this.name}, ${engine}: left out, ${measured.leftOut}`);
      return;
    }
    const { seconds, peakBytes, said } = measured;
    const processor = said?.processorSeconds ?? null;
    const found = { seconds: said?.seconds ?? seconds, processor, gigabytes: peakBytes / 1e9 };
    this.figures.set(engine, [...(this.figures.get(engine) ?? []), found]);
    const busy = processor === null ? '' : ` (${figure(processor)} s of processors)`;
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
