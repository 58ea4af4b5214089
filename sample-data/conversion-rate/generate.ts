import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pipeline from '#lib/pipelines/conversion-rate/pipeline.ts';
import { Random } from '../library/random.ts';
import type { SampleSet } from '../library/sample-set.ts';
import { type Columns, type Row, type TableWriter, table } from '../library/tables.ts';
import { delivered } from './dirt.ts';
import { campaign, conversionRate, DEVICES, type Device, entity } from './rates.ts';

/**
 * Clicks and conversions of keyword entities on three devices in two weeks.
 *
 * Every conversion is drawn with `conversionRate` of its pair, which is why the least possible error is known: most of a
 * pair's rate is the chance of its few clicks, which nothing can predict.
 */
const ENTITIES = 4_000;
const CAMPAIGNS = 60;
const WEEKS = [202645, 202646];

const set: SampleSet = {
  about: `keyword entities with 160 attributes on ${DEVICES.length} devices in the weeks ${WEEKS.join(' and ')}`,
  generate(folder, scale) {
    const source = pipeline.sources.keyword_stats;
    const writer = table(folder, 'keyword_stats', 'csv', (source?.columns ?? {}) as Columns, scale > 1);
    const made = new Errors();
    let rows = 0;
    const campaigns = Array.from({ length: CAMPAIGNS * scale }, (_, i) =>
      campaign(new Random(`conversion-rate/campaign/${i}`)),
    );
    for (let i = 0; i < ENTITIES * scale; i++) {
      const random = new Random(`conversion-rate/entity/${i}`);
      const attributes = entity(random, random.pick(campaigns as [number[], ...number[][]]));
      const interest = random.normal(1.6, 1.1);
      for (const device of DEVICES) {
        if (!random.chance(USED[device])) continue;
        rows += writePair(random, 100_000 + i, device, attributes, interest + LOUDER[device], writer, made);
      }
    }
    writer.close();
    if (scale === 1) compress(join(folder, 'keyword_stats.csv'));
    return [`rows: ${rows}`, `pairs to train on: ${made.pairs}`, ...made.lines()];
  },
};
export default set;

const USED: Record<Device, number> = { Computer: 0.8, Smartphone: 0.45, Tablet: 0.4 };
const LOUDER: Record<Device, number> = { Computer: 0.6, Smartphone: 0, Tablet: -0.2 };

/** Rows of one pair, one a week in which it was seen; gives back their number. */
function writePair(
  random: Random,
  entity_id: number,
  device: Device,
  attributes: readonly number[],
  interest: number,
  writer: TableWriter,
  made: Errors,
): number {
  const rate = conversionRate(attributes, device);
  const sums = { clicks: 0, conversions: 0 };
  const named = Object.fromEntries(attributes.map((attribute, i) => [`att${i + 1}`, attribute]));
  let rows = 0;
  for (const week of WEEKS) {
    const clicks = random.poisson(Math.exp(Math.min(interest, 6) + random.normal(0, 0.3)));
    // A pair without clicks is seldom delivered; that it is at all is one of the oddities of the source.
    if (!clicks && !random.chance(0.05)) continue;
    const conversions = Array.from({ length: clicks }, () => random.chance(rate)).filter(Boolean).length;
    const row: Row = { entity_id, ...named, device, week, clicks, conversions };
    const all = delivered(random, row, week === WEEKS.at(-1));
    for (const each of all) writer.write(each);
    rows += all.length;
    // The first is the one that is read: those that contradict it come after it in the order of the source.
    sums.clicks += Number(all[0]?.clicks);
    sums.conversions += Number(all[0]?.conversions);
  }
  if (sums.clicks && sums.conversions <= sums.clicks) made.add(device, rate, sums.conversions / sums.clicks);
  return rows;
}

/** Mean squared errors of what can be said without a model, and of the truth, over the pairs that are trained on. */
class Errors {
  pairs = 0;
  #truth = 0;
  #devices = new Map<Device, { pairs: number; sum: number; squares: number }>();

  add(device: Device, rate: number, seen: number) {
    this.pairs++;
    this.#truth += (seen - rate) ** 2;
    const { pairs, sum, squares } = this.#devices.get(device) ?? { pairs: 0, sum: 0, squares: 0 };
    this.#devices.set(device, { pairs: pairs + 1, sum: sum + seen, squares: squares + seen ** 2 });
  }

  lines(): string[] {
    const devices = [...this.#devices.values()];
    const total = (of: (device: (typeof devices)[number]) => number) =>
      devices.reduce((sum, each) => sum + of(each), 0);
    const squares = total((device) => device.squares) / this.pairs;
    const mean = total((device) => device.sum) / this.pairs;
    const explained = total((device) => device.sum ** 2 / device.pairs) / this.pairs;
    return [
      `MSE of always 0:          ${squares.toFixed(5)}`,
      `MSE of the mean:          ${(squares - mean ** 2).toFixed(5)}`,
      `MSE of the device's mean: ${(squares - explained).toFixed(5)}`,
      `least possible MSE:       ${(this.#truth / this.pairs).toFixed(5)}`,
    ];
  }
}

/** The same bytes everywhere: the header's byte for the operating system is set to "unknown". */
function compress(path: string) {
  const packed = gzipSync(readFileSync(path), { level: 9 });
  packed[9] = 255;
  writeFileSync(`${path}.gz`, packed);
  rmSync(path);
}
