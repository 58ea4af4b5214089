import { join } from 'node:path';
import { LocalCloud } from '#cli/local/cloud.ts';
import { root } from '#cli/setup.mjs';
import { environments } from '#lib/environments.ts';
import { type Bench, type Benchmark, processJson, temporaryFolder } from '../lib/bench.ts';
import { seriesOf } from '../lib/measure.ts';
import { seriesRow, table, type Verdict } from '../lib/report.ts';
import { python, sparkEnvironments } from '../lib/spark.ts';

/** Writing only: Spark has started and has the rows in memory, on both sides. */
export const push: Benchmark = {
  title: 'predictions into a DynamoDB table of the local cloud, the push job against a put per row (rows per second)',
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'push');
    const { tuned } = await sparkEnvironments(bench, join(folder, 'launcher'));
    const cloud = await LocalCloud.start(bench.context, join(folder, 'state'), environments.local.region);
    const [rows, few, rounds] = bench.quick ? ['4000', '400', '1'] : ['20000', '2000', '3'];
    const command = [python(), join(root, 'bench/python/push_rows.py'), rows, few, rounds] as const;
    const found = await processJson<Record<'push' | 'small' | 'puts', number[]>>(bench, [...command], {
      env: { ...cloud.env(), ...tuned },
    });
    await cloud.stop();
    const [ours, theirs] = [seriesOf(found.push), seriesOf(found.puts)];
    bench.print(
      table(
        ['', 'median', 'min', 'max'],
        [
          seriesRow(`push job, ${rows} rows`, ours),
          seriesRow(`push job, ${few} rows`, seriesOf(found.small)),
          seriesRow(`put per row, ${few} rows`, theirs),
        ],
      ),
    );
    return [{ what: 'push, times the rows per second', value: ours.median / theirs.median, aim: { atLeast: 10 } }];
  },
};
