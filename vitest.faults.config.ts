import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Each kind of job failing inside the deployed machines: eight model runs, too long for every `npm test`. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/e2e/faults.test.ts'], exclude: ['node_modules/**'] },
});
