import type { Random } from '../library/random.ts';
import type { Row } from '../library/tables.ts';

/** What real deliveries look like. Shares are of rows; every kind is in the committed set, which a test checks. */
const SHARE = {
  noSegment: 0.03,
  unknownSegment: 0.01,
  blanksAround: 0.04,
  nullNumber: 0.01,
  repeated: 0.006,
  contradicted: 0.004,
  withoutKey: 0.001,
};

const UNKNOWN = ['commercial', 'For Sale', 'unknown', ''] as const;

/** The rows that a delivery has in the place of one clean row: mostly that row, now and then spoilt or repeated. */
export function delivered(random: Random, clean: Row): Row[] {
  const row = { ...clean };
  if (random.chance(SHARE.noSegment)) row.ldp_dominant_segment = null;
  else if (random.chance(SHARE.unknownSegment)) row.ldp_dominant_segment = random.pick(UNKNOWN);
  else if (random.chance(SHARE.blanksAround)) row.ldp_dominant_segment = ` ${row.ldp_dominant_segment} `;
  if (random.chance(SHARE.nullNumber)) row[random.pick(NUMBERS)] = null;
  const rows = [row];
  if (random.chance(SHARE.repeated)) rows.push({ ...row });
  if (random.chance(SHARE.contradicted)) rows.push({ ...row, total_searches: Number(row.total_searches ?? 0) + 1 });
  if (random.chance(SHARE.withoutKey)) rows.push({ ...row, ...random.pick(LOST_KEYS) });
  return rows;
}

const NUMBERS = ['total_ldp_page_views', 'total_searches', 'median_searches', 'average_ldp_page_views'] as const;
const LOST_KEYS: readonly [Row, ...Row[]] = [{ member_id: null }, { member_id: '' }, { snapshot_date: null }];
