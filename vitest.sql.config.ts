import { defineConfig } from 'vitest/config';

/** The golden test of the SQL: the only one that needs Maven and a JDK, so the only one with a configuration. */
export default defineConfig({
  test: {
    include: ['test/sql/golden/*.golden.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
