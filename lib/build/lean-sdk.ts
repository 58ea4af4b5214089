import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Leaves out of a handler's bundle what of the AWS SDK it can never reach: about a third of its bytes.
 *
 * - The default chain of credential providers (single sign-on, profiles, processes, web identities): Lambda puts the
 *   credentials of the function's role into the environment, always.
 * - The schemas of operations nobody calls. They are array literals with computed keys, which a bundler must take for
 *   code with side effects; each becomes the value of a function that is marked as pure. What the client does with the
 *   schemas that are used stays the same.
 */
export const leanSdk: Plugin = {
  name: 'lean-sdk',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, (from) => ({
      path: 'credentials',
      namespace: 'lean-sdk',
      pluginData: dirname(from.importer),
    }));
    onLoad({ filter: /^credentials$/, namespace: 'lean-sdk' }, ({ pluginData }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir: pluginData,
    }));
    onLoad({ filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/][^\\/]+\.js$/ }, async ({ path }) => ({
      contents: markPure(await readFile(path, 'utf8')),
    }));
  },
};

const markPure = (source: string) =>
  source.replaceAll(
    /^(export var \w+\$) = (\[(?!.*\];$)[\s\S]*?^\]);$/gm,
    (_, declaration: string, literal: string) => `${declaration} = /* @__PURE__ */ (() => (${literal}))();`,
  );
