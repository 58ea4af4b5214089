import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from '#cli/setup.mjs';

const lambdas = join(root, 'lambdas');

/** Packages stay where they are, in node_modules; files of the project (`#lib/…` too) go into one file a handler. */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, external: true },
    );
  },
};

/**
 * Writes `<outdir>/<step>/handler.mjs` for every step as it would be without bundling: the project's own code as
 * JavaScript, so that nobody's TypeScript loader is measured, and every package imported from node_modules.
 * `outdir` has to lie inside the project, where Node finds them.
 */
export async function unbundledHandlers(outdir: string): Promise<void> {
  const steps = readdirSync(lambdas).filter((step) => existsSync(join(lambdas, step, 'handler.ts')));
  await build({
    entryPoints: steps.map((step) => ({ in: join(lambdas, step, 'handler.ts'), out: join(step, 'handler') })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    plugins: [packagesOutside],
    logLevel: 'error',
  });
}
