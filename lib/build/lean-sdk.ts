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
 * - What each error class does for runtimes without classes: a native one has its prototype already.
 * - Event streams (S3 Select and the like), which say so when somebody uses one after all.
 * - Of a client's package.json all but the version, which it sends with every request.
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
    onLoad({ filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]models[\\/]errors\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(/^\s*Object\.setPrototypeOf\(this, \w+\.prototype\);$/gm, ''),
    }));
    onResolve({ filter: /^@smithy\/core\/event-streams$/ }, () => ({ path: 'event-streams', namespace: 'lean-sdk' }));
    onLoad({ filter: /^event-streams$/, namespace: 'lean-sdk' }, () => ({ contents: NO_EVENT_STREAMS }));
    onLoad({ filter: /@aws-sdk[/]client-[^/]+[/]package\.json$/ }, async ({ path }) => ({
      contents: JSON.stringify({ version: JSON.parse(await readFile(path, 'utf8')).version }),
      loader: 'json',
    }));
  },
};

const NO_EVENT_STREAMS = `
const refuse = () => { throw new Error('Event streams are left out of the bundles; see lib/build/lean-sdk.ts'); };
export class EventStreamSerde { constructor() { refuse(); } }
export const eventStreamSerdeProvider = () => ({ serialize: refuse, deserialize: refuse });
export const resolveEventStreamSerdeConfig = (config) => config;
`;

const markPure = (source: string) =>
  source.replaceAll(
    /^(export var \w+\$) = (\[(?!.*\];$)[\s\S]*?^\]);$/gm,
    (_, declaration: string, literal: string) => `${declaration} = /* @__PURE__ */ (() => (${literal}))();`,
  );
