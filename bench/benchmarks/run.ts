import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalCloud } from '#cli/local/cloud.ts';
import type { RunJson } from '#cli/run/run-json.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';
import { environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import { type Bench, type Benchmark, processJson, processLines, temporaryFolder } from '../lib/bench.ts';
import { seconds, seriesOf } from '../lib/measure.ts';
import { table, type Verdict } from '../lib/report.ts';
import { localPythonEnv, python } from '../lib/spark.ts';

/** The local cloud's only account. */
const ACCOUNT = '000000000000';
const PIPELINE = 'buyer-stage';

interface Run {
  seconds: number;
  result: RunJson;
}

/**
 * What `presage run` costs beyond the work itself. The first run deploys into an empty state and is shown only; the
 * runs after it, training each time, are compared with the same jobs started one after the other without Lambda
 * functions, state machines, waits and checks.
 */
export const run: Benchmark = {
  title: 'presage run buyer-stage on a kept state, against its jobs alone (seconds)',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'run');
    const state = join(folder, 'state');
    const first = await presageRun(bench, state, join(folder, 'first'));
    bench.print(`  first run, into an empty state, deploys: ${first.seconds.toFixed(1)}`);
    const runs: Run[] = [];
    const bare: Record<string, number>[] = [];
    for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
      const done = await presageRun(bench, state, join(folder, `out-${round}`));
      runs.push(done);
      bare.push(await jobsAlone(bench, state, join(folder, `alone-${round}`), done.result));
    }
    const [wall, alone] = [seriesOf(runs.map((one) => one.seconds)), seriesOf(bare.map(sum))];
    bench.print(breakdown(runs, bare));
    bench.print(
      table(
        ['', 'median', 'min', 'max'],
        [
          ['presage run', wall.median, wall.min, wall.max],
          ['jobs alone', alone.median, alone.min, alone.max],
        ],
      ),
    );
    return [{ what: 'presage run / its jobs alone', value: wall.median / alone.median, aim: { atMost: 1.25 } }];
  },
};

async function presageRun(bench: Bench, state: string, out: string): Promise<Run> {
  const command = [process.execPath, join(root, 'cli/presage.mjs'), 'run', PIPELINE, '--train'] as const;
  const taken = await seconds(() => processLines(bench, [...command, '--state', state, '--out', out]));
  const file = join(out, 'run.json');
  if (!existsSync(file)) throw new Problem(`presage run wrote no ${file}`);
  return { seconds: taken, result: JSON.parse(readFileSync(file, 'utf8')) as RunJson };
}

/** Seconds of each job of the run that has just ended, started again by itself. */
async function jobsAlone(
  bench: Bench,
  state: string,
  folder: string,
  result: RunJson,
): Promise<Record<string, number>> {
  const { local } = environments;
  const cloud = await LocalCloud.start(bench.context, state, local.region);
  const { sandboxBucket } = lakeNames(local, ACCOUNT);
  const executions = [result.etl?.execution, result.ml?.execution].map(
    (execution) => `s3://${sandboxBucket}/${PIPELINE}/runs/${execution}/`,
  );
  const command = [python(), join(root, 'bench/python/bare_engines.py'), folder, ...executions] as const;
  const taken = await processJson<Record<string, number>>(bench, [...command], {
    env: { ...cloud.env(), ...localPythonEnv(), ...pickAws(cloud.env()) },
  });
  await cloud.stop();
  return taken;
}

const pickAws = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('AWS_')));
const sum = (parts: Record<string, number>) => Object.values(parts).reduce((total, part) => total + part, 0);

/** Medians of every step of both machines, of what is outside of them, and of the jobs alone. */
function breakdown(runs: Run[], bare: Record<string, number>[]): string {
  const median = (samples: number[]) => seriesOf(samples).median;
  const steps = (runs[0]?.result.steps ?? []).map(({ machine, name }, index) => [
    `${machine} ${name}`,
    median(runs.map(({ result }) => result.steps[index]?.seconds ?? 0)),
  ]) as [string, number][];
  const machines = (result: RunJson) => (result.etl?.seconds ?? 0) + (result.ml?.seconds ?? 0);
  const within = (result: RunJson) => result.steps.reduce((total, step) => total + step.seconds, 0);
  const jobs = Object.keys(bare[0] ?? {}).map(
    (name) => [name, median(bare.map((parts) => parts[name] ?? 0))] as [string, number],
  );
  return [
    table(['step of the run', 'median'], steps),
    table(
      ['of the run', 'median'],
      [
        ['between steps of the machines', median(runs.map(({ result }) => machines(result) - within(result)))],
        ['start, upload, files, stop', median(runs.map((one) => one.seconds - machines(one.result)))],
      ],
    ),
    table(['job alone', 'median'], jobs),
  ].join('\n');
}
