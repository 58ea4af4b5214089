import { expect, test } from 'vitest';
import { alternate, seriesOf } from '../../bench/lib/measure.ts';
import { figure, table, verdictLine } from '../../bench/lib/report.ts';

test('the median of an even number of samples lies between the two in the middle', () => {
  expect(seriesOf([9, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 9 });
});

test('nothing measured is an error and not a zero', () => {
  expect(() => seriesOf([])).toThrow('nothing was measured');
});

test('two sides take turns, and who begins changes every round', async () => {
  const order: string[] = [];
  const side = (name: string) => async (round: number) => {
    order.push(`${name}${round}`);
    return `${name}${round}`;
  };
  const samples = await alternate(3, side('a'), side('b'));
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  expect(samples).toEqual([
    ['a0', 'a1', 'a2'],
    ['b0', 'b1', 'b2'],
  ]);
});

test('an aim is met at its limit, from either side', () => {
  expect(verdictLine({ what: 'a', value: 5, aim: { atLeast: 5 } })).toBe('a: 5.00 (aim: at least 5) ok');
  expect(verdictLine({ what: 'b', value: 350, aim: { atMost: 350 }, unit: ' KB' })).toBe(
    'b: 350 KB (aim: at most 350 KB) ok',
  );
  expect(verdictLine({ what: 'c', value: 0.51, aim: { atMost: 0.5 } })).toBe('c: 0.510 (aim: at most 0.5) missed');
});

test('figures keep three digits and need no exponent', () => {
  expect([0, 0.0004, 0.123_456, 12.345, 1_234_567].map(figure)).toEqual(['0', '0.000', '0.123', '12.3', '1234567']);
});

test('a table keeps words to the left and figures to the right', () => {
  expect(
    table(
      ['', 'median'],
      [
        ['one', 1.5],
        ['eleven', 110],
      ],
    ),
  ).toBe(['          median', '  one       1.50', '  eleven     110'].join('\n'));
});
