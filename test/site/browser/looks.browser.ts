import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ok, pageOfPredictions, scored, token } from '#test/site/browser/answers.ts';
import { axeFindings, DESK, overflows, PHONE, picture, withPage } from '#test/site/browser/support.ts';

const { api, open } = withPage();
const products = Array.from({ length: 20 }, (_, index) => index + 1);
const ask = async (page: Page, name: string) => {
  await page.getByRole('button', { name }).click();
  await page.getByRole('button', { name: 'Ask the model' }).click();
};

/** What somebody may have before them. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  'as it is opened': async (page) => {
    await page.getByText('Connected to dev').waitFor();
  },
  'with answers everywhere': async (page) => {
    api.repliesTo('POST /page/reorder/score', scored(0.624));
    await page.getByText('Paste a CSV line').click();
    await ask(page, 'A favourite');
    await page.locator('.verdict').waitFor();
    await page.locator('#look-up-user_id').fill('7');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('table').waitFor();
    await page.locator('#voucher').getByRole('button', { name: 'Example' }).click();
    await page.getByRole('button', { name: 'Find the voucher' }).click();
    await page.getByRole('heading', { name: 'A voucher of' }).waitFor();
  },
  'with problems everywhere': async (page) => {
    api.repliesTo('POST /page/reorder/score', { status: 429, body: { message: 'Too Many Requests' } });
    await page.locator('#score-up_order_rate').fill('1.5');
    await page.locator('#score-up_order_rate').blur();
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('button', { name: 'Find the voucher' }).click();
  },
  unlikely: async (page) => {
    api.repliesTo('POST /page/reorder/score', scored(0.062));
    await ask(page, 'Tried once');
    await page.locator('.verdict').waitFor();
  },
  'waiting for the model': async (page) => {
    const headers = { 'retry-after': '20' };
    api.repliesTo('POST /page/reorder/score', { status: 503, body: { message: 'The model is starting.' }, headers });
    await ask(page, 'A favourite');
    await page.getByText('Asking again').waitFor();
  },
  'without the API': async (page) => {
    api.repliesTo('POST /page/reorder/score', 'breaks off');
    await ask(page, 'A favourite');
    await page.getByText('The API cannot be reached').waitFor();
  },
};

describe.each([
  { name: 'phone', viewport: PHONE },
  { name: 'desk', viewport: DESK },
])('on a $name', ({ name, viewport }) => {
  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.each(Object.entries(STATES))(
      'nothing is in the way of anybody, and nothing sticks out: %s',
      async (state, reach) => {
        api.repliesTo('GET /predictions/reorder/7?limit=20', pageOfPredictions(products, 'bmV4dA'));
        api.repliesTo('POST /page/vouchers', ok({ voucher_amount: 2640 }));
        if (state === 'without the API') api.repliesTo('GET /health', 'breaks off');
        const fragment = state === 'with answers everywhere' ? `#token=${token(3600)}` : '';
        const page = await open({ viewport, colorScheme, fragment });
        await reach(page);
        await picture(page, `${name}-${colorScheme}-${state.replaceAll(' ', '-')}`);
        expect(await overflows(page)).toBe(false);
        expect(await axeFindings(page)).toEqual([]);
      },
    );
  });
});

it('fits a window of 320 pixels, as one is at 400 % zoom', async () => {
  const page = await open({ viewport: { width: 320, height: 600 } });
  expect(await overflows(page)).toBe(false);
});

it('moves nothing for people who asked for less motion', async () => {
  const page = await open({ reducedMotion: 'reduce' });
  await STATES['waiting for the model']?.(page);
  expect(await page.evaluate("getComputedStyle(document.querySelector('.spinner')).animationName")).toBe('none');
});

it('is judged by a judge that finds what is bad on purpose', async () => {
  const page = await open();
  await page.evaluate(`document.querySelector('label[for=score-up_orders]').remove()`);
  await page.evaluate(`document.querySelector('h2').setAttribute('aria-hiden', 'x')`);
  const findings = (await axeFindings(page)).join('\n');
  expect(findings).toContain('critical label: ');
  expect(findings).toContain('critical aria-valid-attr: ');
});
