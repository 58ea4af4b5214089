import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { neutralEnv } from '#cli/local/address.ts';
import { type Bench, type Benchmark, processLines, temporaryFolder } from '../lib/bench.ts';
import { alternate, seconds, seriesOf } from '../lib/measure.ts';
import { seriesRow, table, type Verdict } from '../lib/report.ts';

/**
 * Each side is a fresh Node process that makes the whole cloud assembly of dev: definitions, translated SQL (its cache
 * warm on both sides), bundles, templates and cdk-nag's look at them. What both have in common is part of the time,
 * because a person waits for it too. CloudFormation's own validation is off on both sides, as in `presage run`.
 */
export const synth: Benchmark = {
  title: 'environment dev with one esbuild build of all handlers, against a NodejsFunction each (seconds)',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'synth');
    const env = { ...neutralEnv(), CDK_VALIDATION: 'false', CDK_DISABLE_CLI_TELEMETRY: 'true' };
    const side = (script: string) => async () => {
      const out = join(folder, script);
      const command = [process.execPath, '--import', 'tsx', `bench/synth/${script}.ts`, out] as const;
      const time = await seconds(() => processLines(bench, [...command], { env }));
      rmSync(out, { recursive: true, force: true }); // an assembly that is there would be taken for done
      return time;
    };
    await side('one-build')(); // translates the queries if that is not done, and fills the file cache
    const [ours, theirs] = await alternate(bench.quick ? 1 : 3, side('one-build'), side('nodejs-function'));
    const [one, each] = [seriesOf(ours), seriesOf(theirs)];
    bench.print(table(['', 'median', 'min', 'max'], [seriesRow('one build', one), seriesRow('NodejsFunction', each)]));
    return [{ what: 'synth, times faster', value: each.median / one.median, aim: { atLeast: 5 } }];
  },
};
