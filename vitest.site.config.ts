import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

const all = 'test/site/browser/*.browser.ts';
/** Needs a page that runs somewhere, with an API behind it. */
const smoke = 'test/site/browser/smoke.browser.ts';

/**
 * The page in a real Chromium, with a fake API for all that an API may answer; what of the page needs no browser is in
 * `npm test`. With SITE_URL: the page at that address, with what is really behind it.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [process.env.SITE_URL ? smoke : all],
    exclude: ['node_modules/**', ...(process.env.SITE_URL ? [] : [smoke])],
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first one may unpack a browser.
    hookTimeout: 300_000,
  },
});
