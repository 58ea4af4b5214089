import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { localAssembly } from '#cli/local/assembly.ts';
import { LocalCloud } from '#cli/local/cloud.ts';
import { bootstrap, deploy } from '#cli/local/deploy.ts';
import { accessToken, apiUrl } from '#cli/serving.ts';
import { localTarget } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { servingOf } from '#lib/serving/definition.ts';
import { buildSite } from '#site/build.ts';
import { type Bench, type Benchmark, processJson, temporaryFolder } from '../lib/bench.ts';
import { seriesOf } from '../lib/measure.ts';
import { seriesRow, table, type Verdict } from '../lib/report.ts';

const CLIENTS = 50;
const LARGEST_PAGE_KB = 60;

/** What an answer costs beyond reading its item, whether many may ask at once, and what a visitor of the page loads. */
export const serving: Benchmark = {
  title: `a look-up against a bare GetItem (milliseconds), ${CLIENTS} clients at once, the bytes of the page`,
  async run(bench: Bench): Promise<Verdict[]> {
    const folder = temporaryFolder(bench, 'serving');
    const assembly = await localAssembly(bench.context, 'reorder', {}, { serving: true });
    const cloud = await LocalCloud.start(bench.context, join(folder, 'state'), environments.local.region);
    const target = localTarget(cloud);
    await bootstrap(bench.context, cloud, target.account);
    await deploy(bench.context, cloud, assembly, () => {});

    const found = await lookUps(bench, folder, cloud.env());
    const [ours, bare] = [seriesOf(found.handler), seriesOf(found.getItem)];
    const [url, token] = await Promise.all([apiUrl(target), accessToken(target)]);
    const { answered, failed, times } = await manyClients(
      `${url}/predictions/reorder/7/9`,
      token,
      bench.quick ? 5 : 60,
    );
    await cloud.stop();
    const pageKb = await pageBytes(join(folder, 'page'));
    bench.print(
      table(
        ['', 'median', 'min', 'max'],
        [
          seriesRow('look-up, handler', ours),
          seriesRow('GetItem', bare),
          seriesRow(`look-up over HTTP, ${CLIENTS} clients`, seriesOf(times)),
        ],
      ),
    );
    bench.print(`  ${answered} answers to ${CLIENTS} clients`);
    return [
      { what: 'look-up, times a GetItem', value: ours.median / bare.median, aim: { atMost: 2 } },
      { what: `failed requests of ${CLIENTS} clients`, value: failed, aim: { atMost: 0 } },
      { what: 'first load of the page, gzipped', value: pageKb, aim: { atMost: LARGEST_PAGE_KB }, unit: ' KB' },
    ];
  },
};

/** In a process of its own, with the settings that a function has: one that has loaded nothing else. */
async function lookUps(bench: Bench, folder: string, env: NodeJS.ProcessEnv) {
  const served = servingOf(environments.local, Object.values(await loadPipelines()));
  const file = join(folder, 'serving.json');
  writeFileSync(file, JSON.stringify(served));
  const command = [
    process.execPath,
    '--import',
    'tsx',
    'bench/serving/look-up.ts',
    bench.quick ? '20' : '300',
  ] as const;
  return processJson<Record<'handler' | 'getItem', number[]>>(bench, [...command], {
    env: { ...env, SERVING_FILE: file, POWERTOOLS_SERVICE_NAME: 'bench' },
  });
}

/** Each client asks again as soon as it may: all together stay a little below the throttle of the environment. */
async function manyClients(url: string, token: string, seconds: number) {
  const everyMs = (1000 * CLIENTS) / (environments.local.serving.throttle.rate * 0.8);
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  let failed = 0;
  const client = async (number: number) => {
    await pause((everyMs * number) / CLIENTS);
    while (performance.now() < until) {
      const started = performance.now();
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
      await response?.arrayBuffer();
      const took = performance.now() - started;
      if (response?.status === 200) times.push(took);
      else failed += 1;
      await pause(everyMs - took);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  return { answered: times.length, failed, times };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));

/** Kilobytes (1,024 bytes) of everything that the first visit of the page loads. */
async function pageBytes(folder: string): Promise<number> {
  mkdirSync(folder);
  await buildSite(folder);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name))).length);
  return bytes.reduce((sum, size) => sum + size, 0) / 1024;
}
