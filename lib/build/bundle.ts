import { existsSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ROUTE_FOLDER } from '#lambdas/shared/http/routes.ts';
import type { Serving } from '#lambdas/shared/http/serving.ts';
import { leanSdk } from '#lib/build/lean-sdk.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { openapi } from '#lib/serving/openapi.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const handlers = join(root, 'lambdas');

/** The folders of all Lambda handlers. */
const allSteps = () => readdirSync(handlers).filter((step) => existsSync(join(handlers, step, 'handler.ts')));

/**
 * Bundles Lambda handlers, by default every one, at once into `<outdir>/<folder>/handler.mjs`.
 *
 * One multi-entry build instead of CDK's `NodejsFunction`, which starts a bundler for each function: synthesis is
 * many times faster (see bench/). `module` before `main` lets esbuild drop what a handler does not use of the SDK.
 */
export async function bundleHandlers(outdir: string, steps = allSteps()): Promise<string[]> {
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: steps.map((step) => ({ in: join(handlers, step, 'handler.ts'), out: join(step, 'handler') })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    sourcemap: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [leanSdk],
    // CommonJS packages inside the bundle still ask for Node's own modules through require.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'error',
  });
  return steps;
}

/**
 * Lays a pipeline's definition beside each bundled step: `<outdir>/<step>/{handler.mjs,pipeline.json}`.
 *
 * A function's code and the definition it works on are one asset, so a deploy changes both or neither.
 */
export function layOutAssets(bundles: string, outdir: string, pipeline: CompiledPipeline): void {
  const steps = readdirSync(bundles).filter((folder) => !ROUTE_FOLDER.test(folder));
  layOut(bundles, outdir, steps, { 'pipeline.json': pipeline });
}

/** The same for the handlers of the API, with what they serve and the contract. */
export function layOutServing(bundles: string, outdir: string, serving: Serving): void {
  const routes = readdirSync(bundles).filter((folder) => ROUTE_FOLDER.test(folder));
  layOut(bundles, outdir, routes, { 'serving.json': serving, 'openapi.json': openapi(serving) });
}

function layOut(bundles: string, outdir: string, folders: string[], files: Record<string, unknown>): void {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(outdir, name), JSON.stringify(content));
  for (const folder of folders) {
    mkdirSync(join(outdir, folder));
    // Links, because thirty copies for each environment would cost more time than the bundling.
    linkSync(join(bundles, folder, 'handler.mjs'), join(outdir, folder, 'handler.mjs'));
    for (const name of Object.keys(files)) linkSync(join(outdir, name), join(outdir, folder, name));
  }
}
