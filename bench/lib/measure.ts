/** What several runs of the same thing took, in the unit of whoever measured. */
export interface Series {
  median: number;
  min: number;
  max: number;
}

/** The figures worth printing of some measurements; medians because one slow run on a busy machine means nothing. */
export function seriesOf(samples: readonly number[]): Series {
  if (samples.length === 0) throw new Error('nothing was measured');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] as number;
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** Wall time of some work, in seconds. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Measures two sides in turns, the order changed every round, so that a machine that grows warm, or busy, is so for
 * both. Gives the samples of each side.
 */
export async function alternate<Sample>(
  rounds: number,
  first: (round: number) => Promise<Sample>,
  second: (round: number) => Promise<Sample>,
): Promise<[Sample[], Sample[]]> {
  const samples: [Sample[], Sample[]] = [[], []];
  const sides = [first, second] as const;
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 ? ([1, 0] as const) : ([0, 1] as const)) samples[side].push(await sides[side](round));
  return samples;
}
