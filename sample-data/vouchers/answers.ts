/** What is true of one event, whatever the delivery made of it; null is unknown. */
export interface Truth {
  country: string;
  /** Orders so far. */
  orders: number | null;
  /** Days from the last order to the event. */
  days: number | null;
  /** 0 is no voucher. */
  amount: number;
}

const FREQUENCY: [from: number, name: string][] = [
  [38, '38+'],
  [14, '14-37'],
  [5, '5-13'],
  [0, '0-4'],
];
const RECENCY: [from: number, name: string][] = [
  [180, '180+'],
  [120, '120-180'],
  [90, '90-120'],
  [60, '60-90'],
  [30, '30-60'],
  [0, '0-30'],
];

const segmentOf = (value: number | null, segments: [from: number, name: string][]) =>
  (value === null ? undefined : segments.find(([from]) => value >= from)?.[1]) ?? 'Unknown';

/** Names of the frequency segments, in the order of the orders they stand for. */
export const FREQUENCY_SEGMENTS = FREQUENCY.map(([, name]) => name).reverse();
export const frequencySegment = (orders: number | null) => segmentOf(orders, FREQUENCY);
export const recencySegment = (days: number | null) => segmentOf(days, RECENCY);

/** Counts true events and knows which amount each segment uses most: what the pipeline has to find out again. */
export class Answers {
  private readonly segments = new Map<string, Map<number, number>>();

  add({ country, orders, days, amount }: Truth) {
    this.count(JSON.stringify([country, 'frequent_segment', frequencySegment(orders)]), amount);
    this.count(JSON.stringify([country, 'recency_segment', recencySegment(days)]), amount);
  }

  private count(segment: string, amount: number) {
    const amounts = this.segments.get(segment) ?? new Map<number, number>();
    this.segments.set(segment, amounts.set(amount, (amounts.get(amount) ?? 0) + 1));
  }

  /** [country_code, segment_name, segment, voucher_amount, events, events of the segment], in no certain order. */
  rows(): [string, string, string, number, number, number][] {
    return [...this.segments].map(([segment, amounts]) => {
      const all = [...amounts.values()].reduce((sum, events) => sum + events, 0);
      const [amount, events] = [...amounts].reduce((best, next) =>
        next[1] > best[1] || (next[1] === best[1] && next[0] < best[0]) ? next : best,
      );
      return [...(JSON.parse(segment) as [string, string, string]), amount, events, all];
    });
  }

  /** Of the events in segments of this kind, how many carry the amount their segment uses most. */
  hitRate(segmentName: string): number {
    const rows = this.rows().filter(([, name]) => name === segmentName);
    const sum = (column: 4 | 5) => rows.reduce((total, row) => total + row[column], 0);
    return sum(4) / sum(5);
  }
}
