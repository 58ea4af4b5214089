import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/**
 * The page in a real Chromium, with a fake API for all that an API may answer. What of the page needs no browser is in
 * `npm test`, and the page with what is really behind it in `npm run test:live`.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/site/browser/*.browser.ts'],
    exclude: ['node_modules/**'],
    maxWorkers: 2,
    testTimeout: 60_000,
    // The first one may unpack a browser.
    hookTimeout: 300_000,
  },
});
