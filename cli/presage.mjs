#!/usr/bin/env node
import { main, setUp } from './setup.mjs';

/**
 * The `presage` command: sets up what is missing, then hands over to main.ts in this same process, so that there is
 * one process to interrupt. Node runs TypeScript by itself from 22.18 on; before that tsx does.
 */
await main(async (handOver) => {
  await setUp();
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'; // the oldest Node we support is our decision
  if (!process.features.typescript) (await import('tsx/esm/api')).register();
  const { presage } = await import('./main.ts');
  handOver();
  return presage(process.argv.slice(2));
});
