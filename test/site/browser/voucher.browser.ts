import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ok } from '#test/site/browser/answers.ts';
import { focus, withPage } from '#test/site/browser/support.ts';

const VOUCHER = 'POST /page/vouchers';
const { api, open } = withPage();
const find = async (page: Page) => {
  await page.locator('#voucher').getByRole('button', { name: 'Example' }).click();
  await page.getByRole('button', { name: 'Find the voucher' }).click();
};

it('tells the value of a voucher, having sent all fields and no token', async () => {
  api.repliesTo(VOUCHER, ok({ voucher_amount: 2640 }));
  const page = await open();
  await page.getByText('How long ago they ordered').click();
  await find(page);
  await page.getByRole('heading', { name: 'A voucher of 2,640.00' }).waitFor();
  expect(await focus(page)).toBe('A voucher of 2,640.00');
  const sent = api.seen().at(-1);
  expect(sent?.token).toBeUndefined();
  expect(sent?.body).toEqual({
    customer_id: '4711',
    country_code: 'Peru',
    first_order_ts: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    last_order_ts: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    total_orders: 16,
    segment_name: 'recency_segment',
  });
});

it('says that no voucher is the answer when it is', async () => {
  api.repliesTo(VOUCHER, ok({ voucher_amount: 0 }));
  const page = await open();
  await find(page);
  await page.getByRole('heading', { name: 'No voucher' }).waitFor();
});

it('shows what the API does not like at the fields', async () => {
  const problems = [
    { field: 'country_code', message: 'is no country that there are vouchers of' },
    { field: 'first_order_ts', message: 'is after last_order_ts' },
  ];
  api.repliesTo(VOUCHER, { status: 400, body: { message: 'The request is not valid.', problems } });
  const page = await open();
  await find(page);
  await page.getByRole('link', { name: '“Country” is no country that there are vouchers of.' }).click();
  expect(await focus(page)).toBe('voucher-country_code');
  expect(await page.locator('#voucher-first_order_ts').getAttribute('aria-invalid')).toBe('true');
});

it('says what is missing before anything is sent', async () => {
  const page = await open();
  await page.getByRole('button', { name: 'Find the voucher' }).click();
  expect(await page.locator('#voucher-summary').innerText()).toContain('5 fields to look at');
});

it('tells that a segment has no voucher', async () => {
  api.repliesTo(VOUCHER, { status: 404, body: { message: 'There is no voucher for this segment of this country.' } });
  const page = await open();
  await find(page);
  await page.getByText('There is no voucher for this segment').waitFor();
});
