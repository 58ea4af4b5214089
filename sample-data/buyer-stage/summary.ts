import type { Row } from '../library/tables.ts';
import { tenths, type Visit } from './visits.ts';

/**
 * The columns of a `consumer_summary` table for the visits of one window, keys apart.
 *
 * Totals are sums over the window, averages and medians of counts are by day with a visit, those of dwell times by
 * page. Without any page of a kind its dwell times are null, as in production.
 */
export function summary(visits: readonly Visit[]): Row {
  const total = (of: (visit: Visit) => number) => visits.reduce((sum, visit) => sum + of(visit), 0);
  const daily = (name: string, of: (visit: Visit) => number): Row => {
    const values = visits.map(of);
    return { [`median_${name}`]: median(values), [`average_${name}`]: tenths(sum(values) / values.length) };
  };
  const dwell = (name: string, of: (visit: Visit) => number[]): Row => {
    const pages = visits.flatMap(of);
    const none = pages.length === 0;
    return {
      [`total_${name}_dwell_time_seconds`]: none ? null : tenths(sum(pages)),
      [`average_${name}_dwell_time_seconds`]: none ? null : tenths(sum(pages) / pages.length),
      [`median_${name}_dwell_time_seconds`]: none ? null : median(pages),
    };
  };
  const leads = [total((v) => v.leadsForRent), total((v) => v.leadsForSale), total((v) => v.leadsNotForSale)] as const;
  return {
    ldp_dominant_segment: dominant(visits),
    total_ldp_page_views: total((v) => v.ldpPageViews),
    total_distinct_listings_viewed: total((v) => v.distinctListings),
    total_listings_viewed: total((v) => v.listingsViewed),
    total_searches: total((v) => v.searches),
    total_saved_listings: total((v) => v.savedListings),
    total_shared_listings: total((v) => v.sharedListings),
    total_saved_searches: total((v) => v.savedSearches),
    total_shared_searches: total((v) => v.sharedSearches),
    total_leads_submitted: sum(leads),
    submitted_leads_for_rent: leads[0],
    submitted_leads_for_sale: leads[1],
    submitted_leads_not_for_sale: leads[2],
    ...daily('ldp_page_views', (v) => v.ldpPageViews),
    ...daily('listings_viewed', (v) => v.listingsViewed),
    ...daily('searches', (v) => v.searches),
    ...dwell('ldp', (v) => v.ldpDwell),
    ...dwell('srp', (v) => v.srpDwell),
    ...dwell('lead', (v) => v.leadDwell),
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function median(values: readonly number[]): number {
  // A typed array sorts numbers natively; with a comparison function this line was half of all the time.
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return tenths(sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2);
}

/** The segment of most listing pages; the first one met wins a tie. */
function dominant(visits: readonly Visit[]): string {
  const views = new Map<string, number>();
  for (const { segment, ldpPageViews } of visits) views.set(segment, (views.get(segment) ?? 0) + ldpPageViews);
  return [...views].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['no_segment', 0])[0];
}
