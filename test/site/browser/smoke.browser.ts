import { describe, expect, it } from 'vitest';
import { axeFindings, DESK, focus, listen, PHONE, picture, withBrowser } from '#test/site/browser/support.ts';

/**
 * The page where it really runs, with real answers: `SITE_URL=http://127.0.0.1:… npm run test:site`, against `presage up`
 * or an AWS environment with the predictions of the sample data. `SITE_TOKEN` is what `presage token` prints; the customer
 * and the country are those of the sample data unless SITE_CUSTOMER and SITE_COUNTRY say otherwise.
 */
const { SITE_URL = '', SITE_TOKEN = '', SITE_CUSTOMER = '2', SITE_COUNTRY = 'Peru' } = process.env;
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
    await page.goto(`${SITE_URL.replace(/\/?$/, '/')}${fragment}`);
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
    expect(SITE_TOKEN, 'SITE_TOKEN: what `npx presage token` prints').toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const page = await open(`#token=${SITE_TOKEN}`);
    expect(page.url()).not.toContain('token');
    await page.locator('#look-up-user_id').fill(SITE_CUSTOMER);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('table').waitFor({ timeout: 20_000 });
    expect(await page.getByRole('rowheader').count()).toBeGreaterThan(0);
    await picture(page, `real-${name}-looked-up`);
    expect(await axeFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByLabel('Access token').fill(`${SITE_TOKEN.slice(0, -6)}AAAAAA`);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText('The token is not accepted').waitFor({ timeout: 20_000 });
    expect(await focus(page)).toBe('token-value');
    expect(complaints).toEqual([]);
  });

  it('finds a voucher, and says at its field which country there is none of', async () => {
    const page = await open();
    await page.locator('#voucher').getByRole('button', { name: 'Example' }).click();
    await page.locator('#voucher-country_code').fill(SITE_COUNTRY);
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
