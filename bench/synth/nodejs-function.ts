import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { type CfnFunction, Function as LambdaFunction, type Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { root } from '#cli/setup.mjs';
import { acknowledgeFindings } from '#lib/acknowledgements.ts';
import { type Environment, environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { PresageStage } from '#lib/stage.ts';

/**
 * The same app as `synthesize` of lib/app.ts makes, except that the code of every function comes from CDK's
 * `NodejsFunction`: one esbuild a function, with the options of lib/build/bundle.ts as far as it has them (it takes
 * no plugins). esbuild is found in node_modules; nothing is built in Docker.
 */
const out = process.argv[2] as string;
const placeholders = join(out, 'placeholders');
const flags = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as Record<string, unknown>;
const environment: Environment = environments.dev;
const app = new App({ analyticsReporting: false, outdir: join(out, 'cdk.out'), context: flags });
const definitions = Object.values(await loadPipelines()).filter(({ name }) => environment.pipelines[name]);
const pipelines = await Promise.all(definitions.map((pipeline) => compilePipeline(pipeline)));
for (const pipeline of pipelines)
  for (const step of readdirSync(join(root, 'lambdas'))) {
    mkdirSync(join(placeholders, pipeline.name, step), { recursive: true });
    writeFileSync(join(placeholders, pipeline.name, step, 'pipeline.json'), JSON.stringify(pipeline));
  }
const stage = new PresageStage(app, environment.name, { environment, pipelines, assets: placeholders });
for (const construct of stage.node.findAll()) if (construct instanceof LambdaFunction) useNodejsFunction(construct);

/** Takes the code of a function from a `NodejsFunction` made for it, which leaves the template again. */
function useNodejsFunction(fn: LambdaFunction): void {
  const stack = Stack.of(fn);
  const step = fn.node.scope?.node.id as string;
  const pipeline = pipelines.find(({ name }) => stack.node.id.startsWith(`${name}-`));
  const definition = join(placeholders, pipeline?.name ?? '', step, 'pipeline.json');
  const made = new NodejsFunction(stack, `${step}-bundled`, {
    entry: join(root, 'lambdas', step, 'handler.ts'),
    runtime: fn.runtime as Runtime,
    depsLockFilePath: join(root, 'package-lock.json'),
    projectRoot: root,
    bundling: {
      bundleAwsSDK: true,
      minify: true,
      target: 'node24',
      format: OutputFormat.ESM,
      mainFields: ['module', 'main'],
      banner:
        "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
      esbuildArgs: { '--legal-comments': 'none' },
      commandHooks: {
        beforeBundling: () => [],
        beforeInstall: () => [],
        afterBundling: (_inputDir, outputDir) => [`cp "${definition}" "${outputDir}"`],
      },
    },
  });
  (fn.node.defaultChild as CfnFunction).code = (made.node.defaultChild as CfnFunction).code;
  stack.node.tryRemoveChild(made.node.id);
}
acknowledgeFindings(stage);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
