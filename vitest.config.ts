import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests of what goes wrong inside deployed state machines, each with model runs of its own. */
export const faults = ['test/e2e/faults.test.ts', 'test/e2e/broken-off.test.ts'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Every product query on three engines needs Maven: npm run test:sql. What goes wrong in a run: npm run test:faults.
    exclude: ['test/sql/golden/**', ...faults, 'node_modules/**'],
    // The files of a worker share what they import: loading the CDK or the SDK anew for each costs more than its tests.
    isolate: false,
    // Of what has not changed since the last run, nothing is transformed again.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest' },
    unstubGlobals: true,
    // The end-to-end test waits more than it computes: three files at once, also on two processors.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: {
      // Nothing may reach AWS, and nobody reads the log lines of a test.
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      POWERTOOLS_METRICS_NAMESPACE: 'Presage',
      POWERTOOLS_SERVICE_NAME: 'test',
      PIPELINE_FILE: fileURLToPath(new URL('test/lambdas/support/pipeline.json', import.meta.url)),
      SERVING_FILE: fileURLToPath(new URL('test/lambdas/support/serving.json', import.meta.url)),
    },
  },
});
