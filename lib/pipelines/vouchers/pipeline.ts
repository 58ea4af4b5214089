import { definePipeline } from '#lib/pipelines/pipeline.ts';
import { SEGMENT_NAMES, WRITTEN_TIME } from '#lib/pipelines/vouchers/segments.ts';

/**
 * What is decided about events that are not as they should be; the queries follow it and counts.sql counts it.
 *
 * - An event without a country code, or with one that nobody could ask for (line breaks and other control characters,
 *   more than 100 characters), is not read. Blanks around a code do not belong to it. Any other text is a country:
 *   file names are percent-encoded.
 * - A time is a day, with or without a time of day, in UTC: `2026-11-20`, `2026-11-20 08:15:00.123456`,
 *   `2026-11-20T08:15:00Z`. Anything else is unreadable. Such an event, one without a time and one dated before the last
 *   order (clocks that were moved) are Unknown by recency, and whatever they are by frequency.
 * - `total_orders` that are no number or negative are Unknown by frequency; none at all are 0. Parts of an order belong
 *   to the segment below: 4.5 are 0-4.
 * - An amount of null is 0, no voucher. A negative one, an infinite one and "not a number" are taken for 0 too.
 * - 0 is an amount like the others: it is the answer where most events of a segment have no voucher, and it wins a tie.
 * - Unknown is a segment like the others: its rows are in the table, in DynamoDB and in the files.
 * - An event of a day after the run date is not read. No column is a date, so a run that names no date is about today and
 *   the newest event may be of any age.
 */
export default definePipeline({
  name: 'vouchers',
  asks: 'Which voucher value does each customer segment of a country use most?',
  engine: 'glue',
  schedule: { at: '04:00', dueBy: '08:00' },

  // What is read is spelled out: casts of some engines take more, such as inf, 2d, 1_000 or half a date. \z is the end of
  // the text everywhere, when some engines take a line break for the end of $.
  constants: {
    written_time: `${WRITTEN_TIME}\\z`,
    written_number: '^-?[0-9]{1,15}([.][0-9]{1,15})?\\z',
  },

  parameters: {
    country: { says: 'Only the events of this country, written as in country_code; all countries unless given.' },
  },

  sources: {
    voucher_events: {
      format: 'parquet',
      key: [],
      distinct: true,
      columns: {
        timestamp: 'varchar',
        country_code: 'varchar',
        last_order_ts: 'varchar',
        first_order_ts: 'timestamp',
        total_orders: 'varchar',
        voucher_amount: 'double',
      },
    },
  },

  counts: {
    events: { says: 'events of the country asked for, or of any if none was', atLeast: 1 },
    without_country: {
      says: 'events without a country code that somebody could ask for: not read',
      atMost: { share: 0.1, of: 'voucher_events' },
    },
    after_run_date: { says: 'events of a day after the run date: not read' },
    unreadable_times: {
      says: 'events with a time that does not parse: Unknown by recency',
      atMost: { share: 0.1, of: 'voucher_events' },
    },
    without_times: { says: 'events without their time or that of the last order: Unknown by recency' },
    clocks_moved: { says: 'events dated before the last order: Unknown by recency' },
    odd_total_orders: { says: 'events whose total_orders are no number or negative: Unknown by frequency' },
    odd_amounts: { says: 'events with an amount that is negative or no finite number: taken for no voucher' },
    without_voucher: { says: 'events without an amount: no voucher' },
  },

  tables: {
    voucher_by_segment: {
      zone: 'sandbox',
      key: ['country_code', 'segment_name', 'segment'],
      columns: {
        country_code: 'varchar',
        segment_name: { type: 'varchar', oneOf: [...SEGMENT_NAMES] },
        segment: 'varchar',
        voucher_amount: 'double',
        events: 'bigint',
        share: 'double',
      },
    },
  },

  // A run for one country has fewer rows than one for all: their number is not compared with the last run's.
  quality: [
    { rule: 'uniqueKey', table: 'voucher_by_segment' },
    { rule: 'notNull', table: 'voucher_by_segment', column: 'country_code' },
    { rule: 'notNull', table: 'voucher_by_segment', column: 'segment' },
    { rule: 'notNull', table: 'voucher_by_segment', column: 'voucher_amount' },
    { rule: 'between', table: 'voucher_by_segment', column: 'share', min: 0, max: 1 },
  ],

  predictions: {
    key: ['country_code', 'segment_name', 'segment'],
    columns: {
      country_code: 'varchar',
      segment_name: 'varchar',
      segment: 'varchar',
      voucher_amount: 'double',
      events: 'bigint',
      share: 'double',
    },
    table: 'voucher_by_segment',
  },

  outputs: { customer_segment_data: { file: '<country_code>_customer_segment_data.json' } },
});
