import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '#lib/environments.ts';
import type { CompiledPipeline, Pipeline } from '#lib/pipelines/pipeline.ts';
import { EtlStack } from '#lib/stacks/etl-stack.ts';
import { LakeStack } from '#lib/stacks/lake-stack.ts';
import { MlStack } from '#lib/stacks/ml-stack.ts';
import { ServingStack } from '#lib/stacks/serving-stack.ts';

export interface PresageStageProps {
  environment: Environment;
  pipelines: readonly CompiledPipeline[];
  /** Folder with the function assets of each pipeline: `<pipeline>/<step>/…`. */
  assets: string;
  /** What the API serves, the folders of its function assets and of the page; undefined: there is none. */
  serving?: { pipelines: readonly Pipeline[]; assets: string; site?: string | undefined } | undefined;
}

/** One environment: the lake, an ETL and an ML stack for each pipeline the environment has, and the API. */
export class PresageStage extends Stage {
  constructor(scope: Construct, id: string, { environment, pipelines, assets, serving }: PresageStageProps) {
    super(scope, id);
    const lake = new LakeStack(this, 'lake', environment);
    for (const pipeline of pipelines) {
      const override = environment.pipelines[pipeline.name];
      if (!override) continue;
      const props = { environment, override, pipeline, assets: join(assets, pipeline.name) };
      // Names and no exports tie the stacks together; the order of deployment is said here.
      const etl = new EtlStack(this, `${pipeline.name}-etl`, props);
      etl.addStackDependency(lake);
      if (pipeline.model) new MlStack(this, `${pipeline.name}-ml`, props).addStackDependency(lake);
    }
    // It finds the tables by their names: a pipeline that is not deployed yet answers that there is nothing yet.
    if (serving && environment.serving)
      new ServingStack(this, 'serving', { environment, settings: environment.serving, ...serving });
  }
}
