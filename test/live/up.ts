import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { noted } from '#cli/local/running.ts';
import { presage, start } from '#test/e2e/presage.ts';
import type {} from '#test/live/provided.ts';

/** Small pipelines that have all there is to ask for: a table, an endpoint, vouchers. */
const PIPELINES = 'reorder,vouchers';

/**
 * `presage up` with predictions to look up, until the tests are over; or the one that runs already on the state folder
 * `LIVE_STATE`, for those who write such tests.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { LIVE_STATE } = process.env;
  if (LIVE_STATE) {
    await provide(project, LIVE_STATE);
    return async () => {};
  }
  const folder = mkdtempSync(join(tmpdir(), 'presage-live-'));
  const state = join(folder, 'state');
  const up = start('up', '--only', PIPELINES, '--state', state);
  const end = async () => {
    up.child.kill('SIGINT');
    const { code, output } = await up.ended;
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`presage up ended with ${code}:\n${output}`);
  };
  try {
    await up.said('everything is up');
    await provide(project, state);
  } catch (error) {
    await end().catch(() => {});
    throw error;
  }
  return end;
}

async function provide(project: TestProject, state: string): Promise<void> {
  const token = await presage('token', '--state', state);
  if (token.code !== 0) throw new Error(`there is no token:\n${token.output}`);
  project.provide('url', (noted(state)?.url ?? '').replace(/\/$/, ''));
  project.provide('token', token.output.trim());
  project.provide('state', state);
}
