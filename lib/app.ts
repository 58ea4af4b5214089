import { createRequire } from 'node:module';
import { join } from 'node:path';
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledgeFindings } from '#lib/acknowledgements.ts';
import { bundleHandlers, layOutAssets, layOutServing } from '#lib/build/bundle.ts';
import { checkEnvironment } from '#lib/environment-check.ts';
import { type Environment, environments, type SourceOverride } from '#lib/environments.ts';
import { loadPipeline, loadPipelines } from '#lib/pipelines/index.ts';
import { servingOf } from '#lib/serving/definition.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { PresageStage } from '#lib/stage.ts';
import { buildSite } from '#site/build.ts';

export interface SynthesizeOptions {
  /** Where bundles and function assets are written. */
  dist: string;
  /** For tests; the CDK command gives its own through the environment. */
  app?: AppProps;
  /** Other environments than those of `lib/environments.ts`. */
  environments?: Record<string, Environment>;
  /** Puts `<step>/handler.mjs` of every step into a folder; tests of templates need no code in them. */
  bundle?: (outdir: string) => Promise<unknown>;
}

/** What `cdk init` would write into cdk.json today; read from the library so that tests and the command agree. */
const flags = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as Record<string, unknown>;

/**
 * Builds the whole app: validates the definitions, translates their SQL, bundles the handlers, makes the stacks.
 *
 * Context: `environment` makes one environment alone, `pipeline` the stacks of one pipeline (or of several, with commas
 * between) and the lake, without the API unless `serving` is true; `sources`, a JSON object, overrides where the local
 * environment's sources are and in which format, by pipeline and source; `schedules` makes those of the local environment
 * fire; `destroyData` is the second key to delete data.
 */
export async function synthesize(options: SynthesizeOptions): Promise<App> {
  const app = new App({ analyticsReporting: false, ...options.app, context: { ...flags, ...options.app?.context } });
  const there: Record<string, Environment> = options.environments ?? environments;
  const only = app.node.tryGetContext('environment') as string | undefined;
  if (only && !there[only]) throw new Error(`No environment '${only}'. There are: ${Object.keys(there).join(', ')}`);
  const chosen = only ? [only] : Object.keys(there);

  const some = (app.node.tryGetContext('pipeline') as string | undefined)?.split(',');
  const withApi = !some || isOn(app, 'serving');
  const all = withApi ? Object.values(await loadPipelines()) : [];
  const definitions = some ? await Promise.all(some.map((name) => loadPipeline(name))) : all;
  const bundles = join(options.dist, 'lambdas');
  await (options.bundle ?? bundleHandlers)(bundles);

  for (const name of chosen) {
    const sources = withSources(there[name] as Environment, app.node.tryGetContext('sources'));
    const environment = name === 'local' && isOn(app, 'schedules') ? withSchedules(sources) : sources;
    checkEnvironment(environment, [...definitions, ...all]);
    const mine = definitions.filter((pipeline) => environment.pipelines[pipeline.name]);
    const pipelines = await Promise.all(
      mine.map((pipeline) => compilePipeline(pipeline, formatsOf(environment, pipeline.name))),
    );
    const assets = join(options.dist, 'assets', name);
    for (const pipeline of pipelines) layOutAssets(bundles, join(assets, pipeline.name), pipeline);
    const served = environment.serving && withApi ? all.filter((pipeline) => environment.pipelines[pipeline.name]) : [];
    // Its name cannot be that of a pipeline, which has no capital letters.
    const api = join(assets, 'API');
    if (served.length) layOutServing(bundles, api, servingOf(environment, served));
    // The laptop has no CloudFront: there `presage up` serves the page.
    const site = served.length && environment.serving?.page && name !== 'local' ? join(assets, 'SITE') : undefined;
    if (site) await buildSite(site);
    const serving = served.length ? { pipelines: served, assets: api, site } : undefined;
    acknowledgeFindings(new PresageStage(app, environment.name, { environment, pipelines, assets, serving }));
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

const isOn = (app: App, context: string) => String(app.node.tryGetContext(context)) === 'true';

/** The local environment’s schedules fire while `presage up` keeps it running; during a single run they would be in its way. */
const withSchedules = (environment: Environment): Environment => ({
  ...environment,
  pipelines: Object.fromEntries(
    Object.entries(environment.pipelines).map(([name, override]) => [name, { ...override, scheduled: true }]),
  ),
});

const formatsOf = (environment: Environment, pipeline: string) =>
  Object.fromEntries(
    Object.entries(environment.pipelines[pipeline]?.sources ?? {}).flatMap(([source, { format }]) =>
      format ? [[source, format]] : [],
    ),
  );

/** The local environment takes data of any of the formats it is given: the command line says which. */
function withSources(environment: Environment, context: unknown): Environment {
  if (environment.name !== 'local' || !context) return environment;
  const sources = (typeof context === 'string' ? JSON.parse(context) : context) as Record<
    string,
    Record<string, SourceOverride>
  >;
  const pipelines = Object.entries(environment.pipelines).map(([name, override]) => [
    name,
    { ...override, sources: { ...override.sources, ...sources[name] } },
  ]);
  return { ...environment, pipelines: Object.fromEntries(pipelines) };
}
