import type { Row } from '../library/tables.ts';

export const STAGES = ['Dreamer', 'Casual Explorer', 'Active Searcher', 'Ready to Transact'] as const;

/** How sharply behaviour tells the stage: 0 would make the answers pure noise, much more would make them certain. */
const SHARPNESS = 2.2;

/**
 * The probability of each stage, given what the tables show on the day of the answer: the truth that a model can only
 * approach. People who contact sellers and come back this week are ready to buy, people who search a lot are
 * searching, people who look at homes that nobody sells are dreaming, and people who stay long on few pages explore.
 */
export function stageProbabilities(last7: Row | undefined, last30: Row, last90: Row): number[] {
  const number = (row: Row | undefined, column: string) => Number(row?.[column] ?? 0);
  const views = Math.log(1 + number(last30, 'total_ldp_page_views'));
  const recent = (1 + number(last7, 'total_ldp_page_views')) / (3 + number(last30, 'total_ldp_page_views'));
  const searches = Math.log(1 + number(last30, 'total_searches'));
  const saved = Math.log(1 + number(last90, 'total_saved_listings'));
  const leads = Math.log(1 + number(last90, 'submitted_leads_for_sale'));
  const dwell = Math.min(number(last30, 'average_ldp_dwell_time_seconds'), 180) / 60;
  const segment = last90.ldp_dominant_segment;
  const idle = segment === 'not for sale' || segment === 'no_segment' ? 1 : 0;
  const logits = [
    0.42 + 1.3 * idle - 0.45 * (searches - 2) - 0.8 * leads,
    -0.1 + 0.9 * (dwell - 0.8) - 0.55 * (views - 2.5) - 0.3 * saved + (segment === 'for rent' ? 0.5 : 0),
    0.55 + 0.6 * (searches - 2) + 0.25 * (views - 2.5),
    -1.12 + 1.0 * leads + 1.4 * (recent - 0.4) + 0.15 * saved,
  ];
  const weights = logits.map((logit) => Math.exp(SHARPNESS * logit));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
