/** Numbers as the page writes them, the same for everybody: the page is in English. */
const number = new Intl.NumberFormat('en', { maximumFractionDigits: 4 });
const amount = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const plainNumber = (value: number) => number.format(value);
export const money = (value: number) => amount.format(value);

/** Between a figure and its sign, so that no line ends there. */
const SPACE = '\u00a0';

/** 0.2 → 20 %, 0.1234 → 12.3 %; never 0 % or 100 % of what is neither. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return `less than 0.1${SPACE}%`;
  if (share < 1 && share > 0.999) return `more than 99.9${SPACE}%`;
  return `${Number((share * 100).toFixed(1))}${SPACE}%`;
}

/** `one(3, 'value')` → 3 values. */
export const counted = (count: number, thing: string) => `${number.format(count)} ${thing}${count === 1 ? '' : 's'}`;

/** Columns with a share of one in them. */
const SHARES = /^(probability|proba|share|cr)$/;

/** A value of a prediction. */
export function shown(column: { name: string; type: string }, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'likely' : 'unlikely';
  if (typeof value !== 'number') return String(value);
  return isShare(column) ? percent(value) : plainNumber(value);
}

export const isShare = ({ name, type }: { name: string; type: string }) => type === 'double' && SHARES.test(name);

/** `1`, `2` days; 0 is today. */
export const age = (days: number) =>
  days === 0 ? 'today' : days === 1 ? '1 day ago' : `${number.format(days)} days ago`;
