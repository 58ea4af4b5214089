import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { packModel } from '#lib/build/model-archive.ts';
import { EndpointEnd } from '#lib/constructs/endpoint-end.ts';
import { KillWatch } from '#lib/constructs/kill-watch.ts';
import { MlMachine } from '#lib/constructs/ml-machine.ts';
import { ModelRole } from '#lib/constructs/model-role.ts';
import { MlTables } from '#lib/constructs/pipeline-tables.ts';
import { SparkJob } from '#lib/constructs/spark-job.ts';
import { PipelineStack, type PipelineStackProps } from '#lib/stacks/pipeline-stack.ts';

/** Published tables to a model, its predictions and DynamoDB, for one pipeline in one environment. */
export class MlStack extends PipelineStack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, 'ml', 'from published tables to predictions', props);
    const { environment, override, pipeline } = props;
    const { lake, names, sources } = this;
    if (!pipeline.predictions) throw new Error(`${pipeline.name} makes no predictions and needs no ML stack`);

    new MlTables(this, 'Tables', { pipeline, lake });
    const { role } = new ModelRole(this, 'ModelRole', { environment: environment.name, pipeline: pipeline.name, lake });

    const library = this.script('emr-steps/library');
    new SparkJob(this, 'Datasets', {
      jobName: names.datasetsJob,
      description: `Training and inference sets of ${pipeline.name}`,
      script: this.script('glue-scripts/make_datasets.py'),
      library,
      workerType: override.capacity.glue.workerType,
      workers: override.capacity.glue.workers,
      timeoutMinutes: 240,
      lake,
      pipeline: pipeline.name,
      sources,
    });
    this.push(library);

    const version = pipeline.model?.kind === 'script' && (override.modelVersion ?? pipeline.model.version);
    const code = version ? this.modelCode(pipeline.name, version, props.assets) : undefined;
    const { endpoint } = override;
    const steps = this.stepLambdas({
      ...(endpoint ? { endpoint: { name: names.endpoint, ...endpoint } } : {}),
      ...(code ? { modelCode: code.s3ObjectUrl } : {}),
      scripts: { runQueries: '', library: '' },
      sagemakerRoleArn: role.roleArn,
      emr: null,
    });
    const { machine } = new MlMachine(this, 'Machine', {
      machineName: names.mlMachine,
      retentionDays: environment.retentionDays,
      functionOf: (step) => steps.of(step),
      pipeline,
      capacity: override.capacity,
      endpoint: endpoint !== undefined,
    });
    // The local cloud calls no functions while it deploys: there, the endpoint ends with the state folder.
    if (endpoint && environment.name !== 'local')
      new EndpointEnd(this, 'EndpointEnd', { endpointName: names.endpoint, remove: steps.of('remove-endpoint') });
    new KillWatch(this, 'KillWatch', { machine, onExecutionEnd: steps.of('on-execution-end').fn });
  }

  /** The deployed code of a script model. */
  private modelCode(pipeline: string, version: string, assets: string): Asset {
    const shown = `lib/pipelines/${pipeline}/model`;
    const path = join(assets, 'sourcedir.tar.gz');
    const folder = fileURLToPath(new URL(`../../${shown}`, import.meta.url));
    const assetHash = packModel(folder, shown, version, path);
    return new Asset(this, 'ModelCode', { path, assetHash, assetHashType: AssetHashType.CUSTOM });
  }
}
