import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** What needs `presage up`, which is started once for all of it: the page and the API as people find them. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/**/*.live.ts'],
    exclude: ['node_modules/**'],
    globalSetup: ['test/live/up.ts'],
    // One after the other: the gateway's throttle is one for all who call.
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
