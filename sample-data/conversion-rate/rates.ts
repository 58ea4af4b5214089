import type { Random } from '../library/random.ts';

/** What the devices have in common with the rest of the data: how often they are used, how well they convert. */
export const DEVICES = ['Computer', 'Smartphone', 'Tablet'] as const;
export type Device = (typeof DEVICES)[number];

const ATTRIBUTES = 160;

/**
 * Attributes as keyword accounts have them: an entity belongs to a campaign, which sets most of them, and has a few of
 * its own. Rare attributes are the rule.
 */
export function campaign(random: Random): number[] {
  return Array.from({ length: ATTRIBUTES }, (_, i) => (random.chance(share(i)) ? 1 : 0));
}

export const entity = (random: Random, campaign: readonly number[]): number[] =>
  campaign.map((attribute) => (random.chance(0.04) ? 1 - attribute : attribute));

/** Share of campaigns that have an attribute: from nearly none to nearly all, and half for those that matter. */
const share = (index: number) => (MATTERS.has(index + 1) ? 0.5 : ([0.03, 0.08, 0.2, 0.45, 0.7][(index * 7) % 5] ?? 0));
const MATTERS = new Set([2, 5, 7, 9, 11, 14, 19, 27, 29, 30, 34, 142]);

/**
 * The chance that a click converts, given all that the model can know of a pair: the truth it can only approach.
 *
 * Attributes act on the odds, so their effects multiply; some act on one device only, and some undo each other: a
 * straight line finds a part of it. att14 and att19 are no features by name, they are to be had from `attrs_scale`.
 */
export function conversionRate(attributes: readonly number[], device: Device): number {
  const att = (n: number) => attributes[n - 1] ?? 0;
  const computer = device === 'Computer' ? 1 : 0;
  const smartphone = device === 'Smartphone' ? 1 : 0;
  const logit =
    -3 +
    0.5 * computer -
    0.5 * smartphone +
    0.7 * att(5) -
    0.6 * att(27) +
    0.5 * att(2) * computer -
    0.6 * att(34) +
    1.1 * (att(29) ^ att(30)) +
    0.5 * att(9) * smartphone -
    0.5 * att(7) +
    0.7 * att(142) * att(11) +
    0.8 * att(14) * (1 - att(19));
  return 1 / (1 + Math.exp(-logit));
}
