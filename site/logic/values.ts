import { plainNumber } from '#site/logic/format.ts';
import type { Feature } from '#site/page-data.ts';

/** What stands for "not known" in the model's input. */
export const UNKNOWN = -1;

export interface Problem {
  field: string;
  message: string;
}

export type Parsed = { value: number } | { problem: string };

/** A number as people write it in a field; `whole` of those that count something. */
export function parseNumber(text: string, whole: boolean): Parsed {
  const trimmed = text.trim();
  if (!trimmed) return { problem: 'is missing' };
  if (/^[+-]?\d+,\d+$/.test(trimmed)) return { problem: 'has a comma: write decimals with a point' };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(trimmed)) return { problem: 'is not a number' };
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return { problem: 'is too large' };
  if (whole && !Number.isSafeInteger(value)) return { problem: 'has to be a whole number' };
  return { value };
}

export const parseFeature = (feature: Feature, text: string): Parsed => {
  const parsed = parseNumber(text, feature.whole);
  const missing = 'problem' in parsed && parsed.problem === 'is missing';
  return missing && feature.mayBeUnknown ? { problem: `is missing: ${UNKNOWN} says that it is not known` } : parsed;
};

/** Why a value is odd, which is no reason not to score it; undefined for a usual one. */
export function oddity({ usual: [low, high], mayBeUnknown }: Feature, value: number): string | undefined {
  if (mayBeUnknown && value === UNKNOWN) return undefined;
  if (value < low || value > high) return `Usually ${span(low, high)}. It is scored as it is.`;
  return undefined;
}

const span = (low: number, high: number) => `${plainNumber(low)} to ${plainNumber(high)}`;

/** The usual values, whether there are others, and one for instance. */
export const usualText = ({ usual: [low, high], whole, mayBeUnknown, examples }: Feature) =>
  [
    `${whole ? 'Whole, ' : ''}${span(low, high)}`,
    `e.g. ${examples.map((value) => String(value)).join(' or ')}`,
    ...(mayBeUnknown ? [`${UNKNOWN} if not known`] : []),
  ].join(' · ');

/** In the order of the page. */
export const placed = (features: readonly Feature[]) => [...features].sort((a, b) => a.place - b.place);

/** All values by name, or everything that is wrong with them, as it is met going down the page. */
export function readValues(features: readonly Feature[], text: (name: string) => string) {
  const values: Record<string, number> = {};
  const problems: Problem[] = [];
  for (const feature of placed(features)) {
    const parsed = parseFeature(feature, text(feature.name));
    if ('value' in parsed) values[feature.name] = parsed.value;
    else problems.push({ field: feature.name, message: parsed.problem });
  }
  return { values, problems };
}
