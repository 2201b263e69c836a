import { defineConfig } from 'vitest/config';

// Projects, by what they need to run: nothing, a database, the whole local stack, a stack of their own that is broken on purpose.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{shared,functions,local}/**/*.test.ts'],
          exclude: ['local/supabase/**'],
        },
      },
      {
        test: {
          name: 'sql',
          include: ['supabase/tests/**/*.test.ts', 'local/supabase/**/*.test.ts'],
          globalSetup: 'test/global-database.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/**/*.test.ts'],
          globalSetup: 'test/global-setup.ts',
          testTimeout: 240_000,
          hookTimeout: 120_000,
          // What fails open or waits on a sweep may be late on a machine that is busy with something else; in CI it is asked again.
          retry: process.env.CI ? 2 : 0,
          // These tests wait for deadlines, sweeps and restarts far more than they compute: several at once, after all others.
          maxWorkers: 3,
          maxConcurrency: 16,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['{chaos,mutants}/**/*.test.ts'],
          testTimeout: 240_000,
          retry: process.env.CI ? 1 : 0,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
