import type { Random } from '../library/random.ts';
import type { Row } from '../library/tables.ts';

/** What real deliveries look like. Shares are of rows; every kind is in the committed set, which a test checks. */
const SHARE = {
  conflicting: 0.004,
  // Of rows with few clicks.
  moreConversions: 0.03,
  unknownDevice: 0.004,
  repeated: 0.005,
  contradicted: 0.003,
  withoutKey: 0.002,
};

const UNKNOWN = ['Console', 'tv', 'unknown', 'computer'] as const;
const LOST_KEYS: readonly [Row, ...Row[]] = [{ entity_id: null }, { device: null }, { week: null }];

/** The rows that a delivery has in the place of one clean row: mostly that row, now and then spoilt or repeated. */
export function delivered(random: Random, clean: Row, newest: boolean): Row[] {
  const row = { ...clean };
  // Of the older week only, so that the newest week, which wins, still says what the conversions were drawn by.
  if (!newest && random.chance(SHARE.conflicting)) {
    const attribute = random.pick(['att2', 'att9', 'att150'] as const);
    row[attribute] = 1 - Number(row[attribute]);
  }
  // Conversions counted on another day than their click.
  if (Number(row.clicks) < 3 && random.chance(SHARE.moreConversions)) row.conversions = Number(row.clicks) + 1;
  const rows = [row];
  if (random.chance(SHARE.repeated)) rows.push({ ...row });
  if (random.chance(SHARE.contradicted)) rows.push({ ...row, clicks: Number(row.clicks) + 1 });
  if (random.chance(SHARE.unknownDevice)) rows.push({ ...row, device: random.pick(UNKNOWN) });
  if (random.chance(SHARE.withoutKey)) rows.push({ ...row, ...random.pick(LOST_KEYS) });
  return rows;
}
