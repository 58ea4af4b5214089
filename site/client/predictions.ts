import { drawing, element } from '#site/client/dom.ts';
import { age, counted, isShare, shown } from '#site/logic/format.ts';
import type { LookUp, LookUpColumn } from '#site/page-data.ts';

/** An answer about one key. */
export interface Found {
  key: Record<string, string | number>;
  prediction: Record<string, string | number | boolean | null>;
  model: string | null;
  runDate: string;
  ageDays: number;
  stale: boolean;
}

const agedText = ({ runDate, ageDays }: Found) => `${runDate}, ${age(ageDays)}`;
const staleMark = () => element('span', { class: 'stale' }, 'older than it should be');

/** A value with, for a share, a small bar beside it. */
function cell(column: LookUpColumn, value: unknown): Node[] {
  const text = element('span', {}, shown(column, value));
  if (!isShare(column) || typeof value !== 'number') return [text];
  const width = 48 * Math.min(1, Math.max(0, value));
  return [
    drawing(
      'svg',
      { class: 'bar-small', viewBox: '0 0 48 6', 'aria-hidden': 'true' },
      drawing('rect', { class: 'track', width: 48, height: 6, rx: 3 }),
      drawing('rect', { class: 'filled', width, height: 6, rx: 3 }),
    ),
    text,
  ];
}

/** One prediction as a list of what it says. */
export function listOf(lookUp: LookUp, found: Found): HTMLElement {
  const title = element('h3', {}, `${keyText(lookUp.key, found)}`);
  const rows = lookUp.columns.map((column) => [column.label, cell(column, found.prediction[column.name])] as const);
  return element(
    'div',
    { class: 'found' },
    title,
    element(
      'dl',
      {},
      ...rows.flatMap(([label, value]) => [element('dt', {}, label), element('dd', {}, ...value)]),
      element('dt', {}, 'Predicted'),
      element('dd', {}, agedText(found), ...(found.stale ? [' ', staleMark()] : [])),
      ...(found.model ? [element('dt', {}, 'Model'), element('dd', {}, element('code', {}, found.model))] : []),
    ),
  );
}

const keyText = (key: LookUpColumn[], found: Found) =>
  key.map(({ name, label }) => `${label} ${found.key[name]}`).join(', ');

/** Predictions with the same first part of the key, in the order of the rest; `paged` when there are others too. */
export function tableOf({ key, columns }: LookUp, found: Found[], paged: boolean): HTMLElement {
  const [first, ...others] = key;
  const [one] = found;
  const whose = first && one ? `${first.label} ${one.key[first.name]}: ` : '';
  const title = element('h3', {}, `${whose}${counted(found.length, 'prediction')}${paged ? ' on this page' : ''}`);
  if (!found.length)
    return element(
      'div',
      { class: 'found' },
      title,
      element('p', {}, 'All of this page have expired; there may be more.'),
    );
  const numeric = ({ type }: LookUpColumn) =>
    type === 'double' || type === 'bigint' || type === 'integer' ? 'number' : '';
  // Parts of a key are names, also where they are numbers.
  const head = [
    ...others.map(({ label }) => element('th', { scope: 'col' }, label)),
    ...columns.map((column) => element('th', { scope: 'col', class: numeric(column) }, column.label)),
  ];
  const rows = found.map((row) =>
    element(
      'tr',
      {},
      ...others.map(({ name }, index) =>
        element(index ? 'td' : 'th', { scope: index ? undefined : 'row' }, String(row.key[name])),
      ),
      ...columns.map((column) =>
        element(
          'td',
          { class: `${numeric(column)}${row.prediction[column.name] === true ? ' yes' : ''}` },
          ...cell(column, row.prediction[column.name]),
        ),
      ),
      element('td', { class: 'when' }, agedText(row), ...(row.stale ? [' ', staleMark()] : [])),
    ),
  );
  return element(
    'div',
    { class: 'found' },
    title,
    element(
      'div',
      // It scrolls where it is wider than the page, also by keyboard.
      { class: 'scrolls', tabindex: 0, role: 'region', 'aria-label': 'Table of predictions' },
      element(
        'table',
        {},
        element('thead', {}, element('tr', {}, ...head, element('th', { scope: 'col' }, 'Predicted'))),
        element('tbody', {}, ...rows),
      ),
    ),
  );
}
