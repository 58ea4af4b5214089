import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The page in a real Chromium; what of it needs no browser is in `npm test`. */
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
