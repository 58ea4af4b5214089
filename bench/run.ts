import { parseArgs } from 'node:util';
import { inContext } from '#cli/context.ts';
import { Problem } from '#cli/setup/problem.mjs';
import type { Bench, Benchmark } from './lib/bench.ts';
import { isMet, type Verdict, verdictLine } from './lib/report.ts';

/**
 * `npm run bench [-- NAME… --quick]`: measures, both sides of every ratio in one run, and prints.
 *
 * A missed aim is printed and is no failure: times depend on the machine and on what else it does. The exit code is
 * 1 when something could not be measured at all.
 */
const BENCHMARKS: Record<string, () => Promise<Benchmark>> = {
  synth: async () => (await import('./benchmarks/synth.ts')).synth,
  init: async () => (await import('./benchmarks/init.ts')).init,
  spark: async () => (await import('./benchmarks/spark.ts')).spark,
  push: async () => (await import('./benchmarks/push.ts')).push,
  reorder: async () => (await import('./benchmarks/reorder.ts')).reorderFeatures,
  serving: async () => (await import('./benchmarks/serving.ts')).serving,
  run: async () => (await import('./benchmarks/run.ts')).run,
};

function chosen(): { names: string[]; quick: boolean } {
  const known = Object.keys(BENCHMARKS);
  const usage = `npm run bench [-- NAME… --quick], where NAME is one of ${known.join(', ')}`;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length) throw new Error(`There is no benchmark ${unknown.join(', ')}`);
    return { names: positionals.length ? positionals : known, quick: values.quick ?? false };
  } catch (error) {
    throw new Problem(`${(error as Error).message}. Use: ${usage}`, 2);
  }
}

try {
  const { names, quick } = chosen();
  process.exitCode = await inContext(async (context) => {
    const bench: Bench = { context, quick, print: (text) => console.log(text) };
    const verdicts: Verdict[] = [];
    for (const name of names) {
      const benchmark = await (BENCHMARKS[name] as () => Promise<Benchmark>)();
      console.log(`\n${name}: ${benchmark.title}`);
      const found = await benchmark.run(bench);
      for (const verdict of found) console.log(`  ${verdictLine(verdict)}`);
      verdicts.push(...found);
    }
    const missed = verdicts.filter((verdict) => !isMet(verdict)).length;
    console.log(
      `\n${verdicts.length - missed} of ${verdicts.length} aims met${quick ? ' (quick: not for quoting)' : ''}`,
    );
    return 0;
  });
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
