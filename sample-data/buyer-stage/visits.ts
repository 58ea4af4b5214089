import type { Random } from '../library/random.ts';

/** What a member did on one day. Counts, and dwell times in seconds a page. */
export interface Visit {
  /** Days since the first day that any window sees. */
  day: number;
  segment: string;
  ldpPageViews: number;
  listingsViewed: number;
  distinctListings: number;
  searches: number;
  savedListings: number;
  sharedListings: number;
  savedSearches: number;
  sharedSearches: number;
  leadsForRent: number;
  leadsForSale: number;
  leadsNotForSale: number;
  ldpDwell: number[];
  srpDwell: number[];
  leadDwell: number[];
}

const SEGMENTS = ['for sale', 'not for sale', 'for rent', 'no_segment'] as const;

/** Tenths, the precision of the source: finer digits say nothing and compress badly. */
export const tenths = (value: number) => Math.round(value * 10) / 10;

/**
 * A member's visits on `days` days.
 *
 * Members differ in how much they look, how widely they search, how ready they are to contact somebody and whether
 * their interest grows or fades. Nothing here knows about buyer stages: those are drawn from what can be seen.
 */
export function visitsOf(random: Random, days: number): Visit[] {
  const engagement = random.normal();
  const breadth = 0.5 * engagement + 0.87 * random.normal();
  const contact = 0.4 * engagement + 0.92 * random.normal();
  const trend = random.normal();
  const mainSegment = random.weighted([62, 15, 17, 6]);
  const visits: Visit[] = [];
  for (let day = 0; day < days; day++) {
    const age = (day - days) / 30;
    const rate = -1.9 + 0.55 * engagement + 0.45 * trend * (age + 1.5);
    if (!random.chance(1 / (1 + Math.exp(-rate)))) continue;
    const segment = random.chance(0.8) ? mainSegment : random.weighted([50, 20, 20, 10]);
    visits.push(visit(random, day, segment, engagement, breadth, contact));
  }
  return visits;
}

function visit(random: Random, day: number, segment: number, engagement: number, breadth: number, contact: number) {
  const ldpPageViews = random.poisson(Math.exp(0.9 + 0.4 * engagement));
  const listingsViewed = ldpPageViews + random.poisson(1.5);
  const searches = random.poisson(Math.exp(0.5 + 0.5 * breadth));
  const leads = random.poisson(Math.exp(-2.4 + 0.9 * contact));
  const leadSegments = Array.from({ length: leads }, () => (random.chance(0.85) ? segment : 0));
  const leadsOf = (index: number) => leadSegments.filter((s) => s === index).length;
  return {
    day,
    segment: SEGMENTS[segment] ?? 'no_segment',
    ldpPageViews,
    listingsViewed,
    distinctListings: listingsViewed - (listingsViewed > 1 ? random.int(0, Math.floor(listingsViewed / 3)) : 0),
    searches,
    savedListings: random.poisson(Math.exp(-1.6 + 0.6 * engagement)),
    sharedListings: random.poisson(0.06),
    savedSearches: random.poisson(Math.exp(-2.6 + 0.5 * breadth)),
    sharedSearches: random.poisson(0.02),
    leadsForRent: leadsOf(2),
    leadsForSale: leadsOf(0),
    leadsNotForSale: leads - leadsOf(2) - leadsOf(0),
    ldpDwell: dwell(random, ldpPageViews, 3.4 + 0.25 * engagement),
    srpDwell: dwell(random, searches, 2.9),
    leadDwell: dwell(random, leads, 3.6),
  } satisfies Visit;
}

/** Seconds a page: log-normal, and now and then a page that was left open. */
const dwell = (random: Random, pages: number, logMean: number) =>
  Array.from({ length: pages }, () => {
    const seconds = Math.exp(random.normal(logMean, 0.7));
    return tenths(random.chance(0.01) ? seconds + random.int(300, 3_000) : seconds);
  });
