import { describe, expect, inject, it } from 'vitest';
import type {} from '#test/live/provided.ts';
import { axeFindings, DESK, focus, listen, PHONE, picture, withBrowser } from '#test/site/browser/support.ts';

/** The page where it really runs, with real answers: `presage up` with the predictions of the sample data. */
const address = inject('url');
const token = inject('token');
/** One that the sample data has predictions for, and a country of its events. */
const CUSTOMER = '2';
const COUNTRY = 'Peru';
/** A cold endpoint is asked again for two minutes at most. */
const PATIENT = { timeout: 150_000 };

const { context } = withBrowser();

describe.each([
  { name: 'phone', viewport: PHONE, colorScheme: 'dark' as const },
  { name: 'desk', viewport: DESK, colorScheme: 'light' as const },
])('the real page on a $name', ({ name, viewport, colorScheme }) => {
  const complaints: string[] = [];
  const open = async (fragment = '') => {
    complaints.length = 0;
    const page = await (await context({ viewport, colorScheme })).newPage();
    listen(page, complaints);
    await page.goto(`${address}/${fragment}`);
    await page.getByText(/^Connected to /).waitFor();
    return page;
  };

  it('scores both examples, the favourite as the likelier one', { timeout: 320_000 }, async () => {
    const page = await open();
    const shares: number[] = [];
    for (const example of ['A favourite', 'Tried once']) {
      await page.getByRole('button', { name: example }).click();
      await page.getByRole('button', { name: 'Ask the model' }).click();
      await page.locator('#score-result .verdict, #score-status .failure').waitFor(PATIENT);
      expect(await page.locator('#score-status').innerText()).toBe('');
      shares.push(Number.parseFloat((await page.locator('.figure').innerText()).replace(/^\D+/, '')));
    }
    expect(shares[0]).toBeGreaterThan(shares[1] ?? 100);
    await picture(page, `real-${name}-scored`);
    expect(await axeFindings(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('looks up a customer with a token of the address, and refuses without one', async () => {
    const page = await open(`#token=${token}`);
    expect(page.url()).not.toContain('token');
    await page.locator('#look-up-user_id').fill(CUSTOMER);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('table').waitFor({ timeout: 20_000 });
    expect(await page.getByRole('rowheader').count()).toBeGreaterThan(0);
    await picture(page, `real-${name}-looked-up`);
    expect(await axeFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByLabel('Access token').fill(`${token.slice(0, -6)}AAAAAA`);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText('The token is not accepted').waitFor({ timeout: 20_000 });
    expect(await focus(page)).toBe('token-value');
    expect(complaints).toEqual([]);
  });

  it('finds a voucher, and says at its field which country there is none of', async () => {
    const page = await open();
    await page.locator('#voucher').getByRole('button', { name: 'Example' }).click();
    await page.locator('#voucher-country_code').fill(COUNTRY);
    await page.getByRole('button', { name: 'Find the voucher' }).click();
    await page.getByRole('heading', { name: /^(A voucher of|No voucher)/ }).waitFor({ timeout: 20_000 });
    await page.locator('#voucher-country_code').fill('Atlantis');
    await page.getByRole('button', { name: 'Find the voucher' }).click();
    await page.getByRole('link', { name: /^“Country” is no country/ }).waitFor({ timeout: 20_000 });
    await picture(page, `real-${name}-voucher`);
    expect(await axeFindings(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
