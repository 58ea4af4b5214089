import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { neutralEnv } from '#cli/local/address.ts';
import { root } from '#cli/setup.mjs';
import { bundleHandlers } from '#lib/build/bundle.ts';
import { type Bench, type Benchmark, processJson, temporaryFolder } from '../lib/bench.ts';
import { unbundledHandlers } from '../lib/handlers.ts';
import { alternate, seriesOf } from '../lib/measure.ts';
import { figure, table, type Verdict } from '../lib/report.ts';

const LARGEST_KB = 350;

/** Imports the module named, in a process that has imported nothing before, and prints how long that took. */
const IMPORT = `
  const start = performance.now();
  await import(process.argv[1]);
  console.log(JSON.stringify({ milliseconds: performance.now() - start }));
`;

/**
 * What a cold start pays: the bytes of each handler and the time to import it in a fresh Node process, against the
 * same handler with its packages in node_modules.
 */
export const init: Benchmark = {
  title: 'bundled handlers against the same with packages imported from node_modules (KB = 1,024 bytes; milliseconds)',
  async run(bench: Bench): Promise<Verdict[]> {
    const cache = join(root, 'node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    const folder = temporaryFolder(bench, 'init', cache);
    const [bundled, unbundled] = [join(folder, 'bundled'), join(folder, 'unbundled')];
    const steps = await bundleHandlers(bundled);
    await unbundledHandlers(unbundled);

    const measured = bench.quick ? steps.filter((_, index) => index % 6 === 0) : steps;
    const rows = [];
    for (const step of measured) {
      const [ours, theirs] = await alternate(
        bench.quick ? 3 : 5,
        () => importTime(bench, bundled, step),
        () => importTime(bench, unbundled, step),
      );
      rows.push({ step, ours: seriesOf(ours).median, theirs: seriesOf(theirs).median });
    }
    const kilobytes = (step: string) => statSync(join(bundled, step, 'handler.mjs')).size / 1024;
    bench.print(
      table(
        ['', 'KB', 'bundled', 'node_modules', 'ratio'],
        rows.map(({ step, ours, theirs }) => [step, kilobytes(step), ours, theirs, ours / theirs]),
      ),
    );
    const sizes = steps.map((step) => ({ step, size: kilobytes(step) })).sort((a, b) => b.size - a.size);
    const large = sizes.filter(({ size }) => size > LARGEST_KB);
    if (large.length)
      bench.print(`  over ${LARGEST_KB} KB: ${large.map(({ step, size }) => `${step} ${figure(size)}`).join(', ')}`);
    const ratios = seriesOf(rows.map(({ ours, theirs }) => ours / theirs));
    return [
      { what: 'largest bundle', value: sizes[0]?.size ?? 0, aim: { atMost: LARGEST_KB }, unit: ' KB' },
      { what: 'import, median ratio of the handlers', value: ratios.median, aim: { atMost: 0.5 } },
      { what: 'import, worst ratio of the handlers', value: ratios.max, aim: { atMost: 0.5 } },
    ];
  },
};

async function importTime(bench: Bench, folder: string, step: string): Promise<number> {
  const url = pathToFileURL(join(folder, step, 'handler.mjs')).href;
  const env = { ...neutralEnv(), AWS_REGION: 'eu-west-1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const command = [process.execPath, '--input-type=module', '--eval', IMPORT, url] as const;
  return (await processJson<{ milliseconds: number }>(bench, [...command], { env })).milliseconds;
}
