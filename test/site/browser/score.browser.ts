import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ok, scored } from '#test/site/browser/answers.ts';
import { focus, withPage } from '#test/site/browser/support.ts';

const SCORE = 'POST /page/reorder/score';
const { api, open } = withPage();
const example = (page: Page, name = 'A favourite') => page.getByRole('button', { name }).click();
const ask = (page: Page) => page.getByRole('button', { name: 'Ask the model' }).click();
const answer = (page: Page) => page.locator('#score-answer');

describe('asking the model', () => {
  it('tells the verdict, the probability and where the threshold is, and puts the focus there', async () => {
    api.repliesTo(SCORE, scored(0.624));
    const page = await open();
    await example(page);
    await ask(page);
    await page.getByRole('heading', { name: 'Likely to buy this product', exact: true }).waitFor();
    expect(await answer(page).innerText()).toMatch(/62\.4\s%/);
    await page.getByRole('img', { name: 'The probability is 62.4 %; the threshold is 20 %.' }).waitFor();
    expect(await focus(page)).toBe('Likely to buy this product');
  });

  it('says unlikely below the threshold, as the API does', async () => {
    api.repliesTo(SCORE, scored(0.034));
    const page = await open();
    await example(page, 'Tried once');
    await ask(page);
    await page.getByRole('heading', { name: 'Unlikely to buy this product' }).waitFor();
    expect(await answer(page).innerText()).toMatch(/3\.4\s%[\s\S]*not above the threshold of 20\s%/);
  });

  it('sends all 18 values by name, as numbers, without a token', async () => {
    api.repliesTo(SCORE, scored(0.5));
    const page = await open({ fragment: '#token=a.b.c' });
    await example(page);
    await page.getByLabel('Days as a customer').fill('-1');
    await ask(page);
    await page.locator('.verdict').waitFor();
    const sent = api.seen().find(({ method }) => method === 'POST');
    expect(sent?.token).toBeUndefined();
    expect(Object.keys(sent?.body as object)).toHaveLength(18);
    expect(sent?.body).toMatchObject({ up_orders: 20, user_period: -1, user_mean_days_since_prior: 6.0476 });
  });

  it('works by keyboard alone', async () => {
    api.repliesTo(SCORE, scored(0.9));
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await focus(page)).toBe('Skip to the form');
    await page.getByRole('button', { name: 'A favourite' }).focus();
    await page.keyboard.press('Space');
    await page.getByLabel('Days as a customer').focus();
    await page.keyboard.press('Enter');
    await page.locator('.verdict').waitFor();
  });
});

describe('a line of CSV', () => {
  const paste = async (page: Page, line: string) => {
    await page.getByText('Paste a CSV line').click();
    await page.getByLabel('One line of values').fill(line);
    await page.getByRole('button', { name: 'Fill in the form' }).click();
  };

  it('fills the form in the model’s order, what is empty as not known', async () => {
    const page = await open();
    await paste(page, '20,,127,53,0.73,186,4.1,2,22,21,57,0.56,3.56,0.72,8.45,0.91,1,0.95');
    await page.getByText('The form has the 18 values of the line; 1 empty value became -1').waitFor();
    expect(await page.locator('#score-up_orders').inputValue()).toBe('20');
    expect(await page.locator('#score-user_mean_days_since_prior').inputValue()).toBe('-1');
    expect(await page.locator('#score-up_order_rate_since_first_order').inputValue()).toBe('0.95');
    expect(await focus(page)).toBe('Ask the model');
  });

  it('with a value too few is refused in words', async () => {
    const page = await open();
    await paste(page, '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17');
    await page.getByText('There are 17 values; the model reads 18.').waitFor();
    expect(await focus(page)).toBe('paste-line');
  });
});

describe('values that are wrong', () => {
  it('are listed with links to their fields, and the focus is on the list', async () => {
    const page = await open();
    await example(page);
    await page.locator('#score-up_orders').fill('');
    await page.locator('#score-user_orders').fill('2.5');
    await page.locator('#score-user_average_basket').fill('8,45');
    await ask(page);
    expect(await focus(page)).toBe('score-summary');
    expect(await page.locator('#score-summary').innerText()).toMatch(
      /3 fields to look at[\s\S]*is missing[\s\S]*whole number[\s\S]*write decimals with a point/,
    );
    await page.getByRole('link', { name: /^“Orders of the customer” has to be a whole number/ }).click();
    expect(await focus(page)).toBe('score-user_orders');
    expect(await page.locator('#score-user_orders').getAttribute('aria-invalid')).toBe('true');
    await page.locator('#score-user_orders').fill('2');
    expect(await page.locator('#score-user_orders').getAttribute('aria-invalid')).toBeNull();
    expect(api.seen().filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('by the judgement of the API are shown at their fields too', async () => {
    api.repliesTo(SCORE, {
      status: 400,
      body: { message: 'The request is not valid.', problems: [{ field: 'up_orders', message: 'is too small' }] },
    });
    const page = await open();
    await example(page);
    await ask(page);
    await page.locator('#score-up_orders-problem').getByText('is too small').waitFor();
    expect(await focus(page)).toBe('score-summary');
  });

  it('are asked about and scored all the same when they are only unusual', async () => {
    api.repliesTo(SCORE, scored(0.5));
    const page = await open();
    await example(page);
    await page.locator('#score-up_order_rate').fill('1.5');
    await ask(page);
    await page.locator('.verdict').waitFor();
    expect(await page.locator('#score-up_order_rate-problem').innerText()).toContain('Usually 0 to 1');
  });
});

describe('an API that does not answer at once', () => {
  const cold = { status: 503, body: { message: 'The model is starting.' }, headers: { 'retry-after': '1' } };

  it('is asked again after the time it says, and the page says so', async () => {
    api.repliesTo(SCORE, cold, cold, scored(0.7));
    const page = await open();
    await example(page);
    await ask(page);
    await page.getByText('The model is starting. Asking again in 1 second (2 of 6).').waitFor();
    await page.getByRole('heading', { name: 'Likely to buy this product', exact: true }).waitFor();
    expect(api.seen().filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  it('is not asked again once somebody has had enough', async () => {
    api.repliesTo(SCORE, { ...cold, headers: { 'retry-after': '10' } });
    const page = await open();
    await example(page);
    await ask(page);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped.').waitFor();
  });

  it('is not asked again by the page when that would take a minute', async () => {
    api.repliesTo(SCORE, { ...cold, headers: { 'retry-after': '60' } });
    const page = await open();
    await example(page);
    await ask(page);
    await page.getByText('The model is starting. Try again in 60 seconds.').waitFor();
  });

  it('because too many ask is waited for by the person', async () => {
    api.repliesTo(SCORE, { status: 429, body: { message: 'Too Many Requests' } });
    const page = await open();
    await example(page);
    await ask(page);
    await page.getByText('Too many requests at the moment.').waitFor();
  });

  it.each(['breaks off', 'not JSON'] as const)('is told to be out of reach when it %s', async (reply) => {
    api.repliesTo(SCORE, reply);
    api.repliesTo('GET /health', reply);
    const page = await open();
    await page.getByText('The API does not answer').waitFor();
    await example(page);
    await ask(page);
    await page.getByText('The API cannot be reached.').waitFor();
    expect(await page.locator('#score-up_orders').inputValue()).toBe('20');
  });

  it('is told with what it says itself when the model or the route is not there', async () => {
    api.repliesTo(SCORE, { status: 404, body: { message: 'Not Found' } });
    const page = await open();
    await example(page);
    await ask(page);
    await answer(page).getByText('Not Found').waitFor();
  });
});

it('names the environment it is connected to', async () => {
  api.repliesTo('GET /health', ok({ status: 'ok', environment: 'dev' }));
  const page = await open();
  await page.getByText('Connected to dev').waitFor();
});
