import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ok, pageOfPredictions, prediction, token } from '#test/site/browser/answers.ts';
import { focus, withPage } from '#test/site/browser/support.ts';

const FIRST = 'GET /predictions/reorder/7?limit=20';
const { api, open } = withPage();
const fragment = () => `#token=${token(3600)}`;
const lookUp = async (page: Page, user: string, product = '') => {
  await page.locator('#look-up-user_id').fill(user);
  if (product) await page.locator('#look-up-product_id').fill(product);
  await page.getByRole('button', { name: 'Look up' }).click();
};

describe('a token', () => {
  it('of the address is taken out of it at once, and used', async () => {
    api.repliesTo(FIRST, pageOfPredictions([1, 2, 3]));
    const given = token(3600);
    const page = await open({ fragment: `#token=${given}` });
    await page.getByText('A token came with the address.').waitFor();
    expect(page.url()).not.toContain('token');
    await lookUp(page, '7');
    await page.getByRole('table').waitFor();
    expect(api.seen().at(-1)).toMatchObject({ path: '/predictions/reorder/7?limit=20', token: `Bearer ${given}` });
  });

  it('is in no storage, no cookie and no history', async () => {
    const page = await open({ fragment: fragment() });
    await page.getByText('A token came with the address.').waitFor();
    const kept = await page.evaluate(
      'JSON.stringify([localStorage.length, sessionStorage.length, document.cookie, history.state])',
    );
    expect(kept).toBe('[0,0,"",null]');
    await page.reload();
    await page.getByLabel('Access token').waitFor();
  });

  it('is asked for when there is none', async () => {
    const page = await open();
    await lookUp(page, '7');
    await page.getByText('A token is needed: paste one here.').waitFor();
    expect(await focus(page)).toBe('token-value');
    expect(api.seen().filter(({ path }) => path !== '/health')).toEqual([]);
  });

  it('that is pasted, with Bearer before it, is used and can be forgotten', async () => {
    api.repliesTo(FIRST, pageOfPredictions([1]));
    const page = await open();
    await page.getByLabel('Access token').fill(`Bearer ${token(3600)}`);
    await page.getByRole('button', { name: 'Use this token' }).click();
    await page.getByText('It reads reorder, vouchers.').waitFor();
    await lookUp(page, '7');
    await page.getByRole('table').waitFor();
    expect(api.seen().at(-1)?.token).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    await page.getByRole('button', { name: 'Forget it' }).click();
    expect(await focus(page)).toBe('token-value');
  });

  it('that has expired is not sent', async () => {
    const page = await open({ fragment: `#token=${token(-60)}` });
    await page.getByText('The token has expired: use a new one.').waitFor();
    expect(page.url()).not.toContain('token');
  });

  it.each([
    [401, { message: 'Unauthorized' }, 'The token is not accepted'],
    [403, { message: 'The token lacks the scope presage/reorder.read.' }, 'lacks the scope presage/reorder.read'],
  ])('that the API refuses with %s is forgotten, and another asked for', async (status, body, says) => {
    api.repliesTo(FIRST, { status, body });
    const page = await open({ fragment: fragment() });
    await lookUp(page, '7');
    await page.getByText(says).waitFor();
    expect(await focus(page)).toBe('token-value');
  });
});

describe('the predictions of a customer', () => {
  const products = Array.from({ length: 20 }, (_, index) => index + 1);

  it('are a table with pages, forth and back', async () => {
    api.repliesTo(FIRST, pageOfPredictions(products, 'bmV4dA'));
    api.repliesTo('GET /predictions/reorder/7?limit=20&after=bmV4dA', pageOfPredictions([21, 22]));
    const page = await open({ fragment: fragment() });
    await lookUp(page, '7');
    await page.getByRole('heading', { name: 'Customer 7: 20 predictions on this page' }).waitFor();
    expect(await page.getByRole('row').count()).toBe(21);
    expect(await page.getByRole('row').nth(3).innerText()).toMatch(/2026-11-20, 9 days ago\s*older than it should be/);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByRole('rowheader', { name: '22' }).waitFor();
    expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Previous page' }).click();
    await page.getByRole('heading', { name: '20 predictions on this page' }).waitFor();
    expect(await focus(page)).toBe('Customer 7: 20 predictions on this page');
  });

  it('for one product is shown by itself', async () => {
    api.repliesTo('GET /predictions/reorder/7/9', ok(prediction(7, 9, 0.3125)));
    const page = await open({ fragment: fragment() });
    await lookUp(page, '7', '9');
    await page.getByRole('heading', { name: 'Customer 7, Product 9' }).waitFor();
    expect(await page.locator('#look-up-result').innerText()).toMatch(/31\.3\s%[\s\S]*likely[\s\S]*2026-11-20, today/);
  });

  it('that do not exist are told in the words of the API', async () => {
    api.repliesTo(FIRST, {
      status: 404,
      body: { message: 'There are no predictions below this key, or they have expired.' },
    });
    const page = await open({ fragment: fragment() });
    await lookUp(page, '7');
    await page.getByText('There are no predictions below this key').waitFor();
  });

  it('are not asked for with a key that is none', async () => {
    const page = await open({ fragment: fragment() });
    await lookUp(page, 'seven');
    await page.getByRole('link', { name: '“Customer” has to be a whole number.' }).click();
    expect(await focus(page)).toBe('look-up-user_id');
  });
});

it('asks for the key of the pipeline that is chosen, and sends one with a slash in a body', async () => {
  const key = { entity_id: 3, device: 'a/b' };
  const row = { ...prediction(1, 1, 0.5), pipeline: 'conversion-rate', key, prediction: { cr: 0.0213 } };
  api.repliesTo(
    'POST /predictions/conversion-rate',
    ok({ pipeline: 'conversion-rate', predictions: [row], missing: [] }),
  );
  const page = await open({ fragment: fragment() });
  await page.getByLabel('Pipeline').selectOption('conversion-rate');
  await page.locator('#look-up-entity_id').fill('3');
  await page.locator('#look-up-device').fill('a/b');
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByText('2.1 %').waitFor();
  expect(api.seen().at(-1)?.body).toEqual({ keys: [key] });
});
