import { fileURLToPath } from 'node:url';
import { ArnFormat, Fn, Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Machine } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';
import { AccountCheck } from '#lib/constructs/account-check.ts';
import { enginesOf } from '#lib/constructs/engines.ts';
import { Lake } from '#lib/constructs/lake.ts';
import type { SourceLocations } from '#lib/constructs/pipeline-tables.ts';
import { Push } from '#lib/constructs/push.ts';
import { StepLambdas } from '#lib/constructs/step-lambdas.ts';
import { removalPolicyOf } from '#lib/constructs/zone-bucket.ts';
import type { Environment, PipelineOverride } from '#lib/environments.ts';
import { pipelineNames } from '#lib/names.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { stackProps } from '#lib/stacks/stack-props.ts';

export interface PipelineStackProps {
  environment: Environment;
  /** This pipeline in this environment. */
  override: PipelineOverride;
  pipeline: CompiledPipeline;
  /** Folder of the pipeline's function assets: `<step>/{handler.mjs,pipeline.json}`. */
  assets: string;
}

/** What the ETL and the ML stack of a pipeline have in common: the lake by name, scripts, settings, step functions. */
export abstract class PipelineStack extends Stack {
  protected readonly lake: Lake;
  protected readonly sources: SourceLocations;
  protected readonly names: ReturnType<typeof pipelineNames>;
  private readonly props: PipelineStackProps;
  private readonly machine: Machine;

  constructor(scope: Construct, id: string, machine: Machine, what: string, props: PipelineStackProps) {
    const { environment, pipeline, override } = props;
    const names = pipelineNames(environment, pipeline.name);
    const stackName = machine === 'etl' ? names.etlStack : names.mlStack;
    super(scope, id, stackProps(environment, stackName, `${pipeline.name}, ${what}`));
    new AccountCheck(this, 'AccountCheck', environment);
    this.props = props;
    this.machine = machine;
    this.lake = Lake.named(this, environment);
    this.names = names;
    this.sources = Object.fromEntries(
      Object.entries(pipeline.sources).map(([name, source]) => [
        name,
        {
          location: override.sources?.[name]?.location ?? `s3://${this.lake.names.rawBucket}/${pipeline.name}/${name}/`,
          format: override.sources?.[name]?.format ?? source.format,
        },
      ]),
    );
  }

  /** The two of a network of ours, asked for at deployment: the CDK's own look-up at synth would need credentials. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }

  /** A file or folder of the repository as a deployed asset. A file gets a hash for its name, a folder becomes a zip. */
  protected script(path: string): Asset {
    return new Asset(this, path.replaceAll('/', '-'), {
      path: fileURLToPath(new URL(`../../${path}`, import.meta.url)),
      exclude: ['**/__pycache__'],
    });
  }

  /** The engines that some table's query runs on in this environment. */
  protected get engines() {
    return new Set(Object.values(enginesOf(this.props.pipeline, this.props.override.engine)));
  }

  /** What serves the predictions, in the stack of the machine that makes them. */
  protected push(library: Asset): void {
    const { environment, pipeline, override } = this.props;
    // An id that CDK leaves out of names, so that the table is the same whichever construct it is in.
    new Push(this, 'Default', {
      pipeline,
      tableName: this.names.predictionTable,
      jobName: this.names.pushJob,
      script: this.script('glue-scripts/push.py'),
      library,
      ...override.capacity.glue,
      lake: this.lake,
      sources: this.sources,
      removalPolicy: removalPolicyOf(this, environment),
    });
  }

  /** The functions of this stack's machine; `own` is what only this stack can say about where things are. */
  protected stepLambdas(
    own: Pick<Settings, 'scripts' | 'modelCode' | 'sagemakerRoleArn' | 'emr' | 'endpoint'>,
  ): StepLambdas {
    const { environment, pipeline, override, assets } = this.props;
    const { rawBucket, curatedBucket, sandboxBucket, logBucket, database, workgroup, runTable } = this.lake.names;
    const machineArn = (name: string) =>
      this.formatArn({
        service: 'states',
        resource: 'stateMachine',
        resourceName: name,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const settings: Settings = {
      environment: environment.name,
      pipeline: pipeline.name,
      account: this.account,
      region: this.region,
      ...{ rawBucket, curatedBucket, sandboxBucket, logBucket, database, workgroup, runTable },
      alertTopic: this.lake.alerts.topicArn,
      announcementTopic: this.lake.announcements.topicArn,
      ...(environment.slackSecretName ? { slackSecretName: environment.slackSecretName } : {}),
      sources: this.sources,
      ...(override.modelVersion ? { modelVersion: override.modelVersion } : {}),
      etlMachineArn: machineArn(this.names.etlMachine),
      mlMachineArn: machineArn(this.names.mlMachine),
      predictionTable: this.names.predictionTable,
      queriesJob: this.names.queriesJob,
      datasetsJob: this.names.datasetsJob,
      pushJob: this.names.pushJob,
      sagemakerPrefix: this.names.sagemakerPrefix,
      capacity: override.capacity,
      timeToLiveDays: override.timeToLiveDays,
      poll: environment.poll,
      ...own,
    };
    return new StepLambdas(this, 'Steps', {
      prefix: this.machine === 'etl' ? this.names.etlMachine : this.names.mlMachine,
      assets,
      settings,
      lake: this.lake,
      retentionDays: environment.retentionDays,
    });
  }
}
