import { defineConfig } from 'vitest/config';
import base, { faults } from './vitest.config.ts';

/** What goes wrong in a run, each kind with its natural cause: ten model runs, too long for every `npm test`. */
export default defineConfig({
  ...base,
  test: { ...base.test, isolate: true, include: faults, exclude: ['node_modules/**'] },
});
