import * as z from 'zod';
import { NO_CONTROL_CHARACTERS } from '#lambdas/shared/http/text.ts';
import {
  frequentSegment,
  isAfter,
  type Moment,
  momentAt,
  momentOf,
  recencySegment,
  SEGMENT_NAMES,
  WRITTEN_TIME,
} from '#lib/pipelines/vouchers/segments.ts';

const LONGEST = 100;
/** As far as the pipeline reads a number of orders. */
const MOST_ORDERS = 1e15;

const moment = (what: string) =>
  z
    .string()
    .regex(new RegExp(`${WRITTEN_TIME}$`), 'is no time: use YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, in UTC')
    .refine((text) => momentOf(text) !== undefined, 'is no day of the calendar')
    .describe(`${what}, in UTC: a day, with or without a time of day.`);

/** Blanks around a code do not belong to it; what the pipeline does not read nobody can ask for. */
const country = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST)
  .regex(NO_CONTROL_CHARACTERS, 'has control characters')
  .describe('As the events have it, for example Peru.');

const fields = z.strictObject({
  customer_id: z.union([z.int(), z.string().min(1).max(LONGEST)]).describe('Yours; it changes no answer.'),
  country_code: country,
  last_order_ts: moment('Last order'),
  first_order_ts: moment('First order'),
  total_orders: z.number().min(0).max(MOST_ORDERS),
  segment_name: z.enum(SEGMENT_NAMES).describe('Which of the two segmentations to answer by.'),
});

/**
 * A request for a voucher at a moment: that is what the last order is compared with. What only several fields together
 * can tell is looked at even if others are wrong, so that a caller learns everything at once.
 */
export const voucherSchema = (now: number) =>
  fields.superRefine(
    (request, context) => {
      const last = momentIn(request, 'last_order_ts');
      const first = momentIn(request, 'first_order_ts');
      const problem = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
      if (last && isAfter(last, momentAt(now))) problem('last_order_ts', 'is in the future');
      if (first && isAfter(first, momentAt(now))) problem('first_order_ts', 'is in the future');
      if (first && last && isAfter(first, last)) problem('first_order_ts', 'is after last_order_ts');
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );

export type VoucherRequest = z.output<typeof fields>;

function momentIn(request: object, field: string): Moment | undefined {
  const text = (request as Record<string, unknown>)[field];
  return typeof text === 'string' ? momentOf(text) : undefined;
}

/** The country of a request that may be wrong otherwise; undefined when it is wrong itself. */
export function countryIn(request: unknown): string | undefined {
  const parsed = country.safeParse((request as { country_code?: unknown } | null)?.country_code);
  return parsed.success ? parsed.data : undefined;
}

/** The segment of the customer, by the segmentation asked for; recency is counted from now. */
export function segmentOf(request: VoucherRequest, now: number): string {
  if (request.segment_name === 'frequent_segment') return frequentSegment(request.total_orders);
  const last = momentOf(request.last_order_ts);
  return recencySegment(last ? momentAt(now).day - last.day : -1);
}
