import { readFileSync } from 'node:fs';
import type { Capacity, EndpointSettings } from '#lib/environments.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';

/** Where things are, for one pipeline in one environment: made by the constructs, read once per process. */
export interface Settings {
  environment: string;
  pipeline: string;
  account: string;
  region: string;
  rawBucket: string;
  curatedBucket: string;
  sandboxBucket: string;
  logBucket: string;
  database: string;
  workgroup: string;
  runTable: string;
  alertTopic: string;
  /** Where people are told of what went well. */
  announcementTopic: string;
  slackSecretName?: string;
  /** Source → `s3://…/` and the format its files have in this environment. */
  sources: Record<string, { location: string; format: 'parquet' | 'csv' }>;
  /** Of a script model, when the environment has another one in use than the definition says. */
  modelVersion?: string;
  /** `s3://…/….tar.gz`, of a script model: the deployed folder model/ of the pipeline. */
  modelCode?: string;
  etlMachineArn: string;
  mlMachineArn: string;
  predictionTable: string;
  queriesJob: string;
  datasetsJob: string;
  pushJob: string;
  /** `s3://…` of the deployed Spark scripts. */
  scripts: { runQueries: string; library: string };
  sagemakerRoleArn: string;
  /** What the names of all SageMaker jobs and models of this pipeline start with. */
  sagemakerPrefix: string;
  emr: {
    serviceRoleArn: string;
    instanceProfile: string;
    /** The role in that profile: what may be passed to EC2. */
    instanceRoleArn: string;
    subnetIds: string[];
    releaseLabel: string;
    securityGroups: { master: string; core: string; service: string };
  } | null;
  /** The endpoint of the pipeline's model, where the environment has it. */
  endpoint?: EndpointSettings & { name: string };
  capacity: Capacity;
  timeToLiveDays: number;
  poll: { firstSeconds: number; capSeconds: number };
}

let settings: Settings | undefined;
let pipeline: CompiledPipeline | undefined;

/** The `SETTINGS` variable of the function. */
export function getSettings(): Settings {
  settings ??= JSON.parse(requireEnv('SETTINGS')) as Settings;
  return settings;
}

/** The definition deployed beside the handler, with its translated SQL. */
export function getPipeline(): CompiledPipeline {
  pipeline ??= JSON.parse(
    readFileSync(new URL(process.env.PIPELINE_FILE ?? 'pipeline.json', import.meta.url), 'utf8'),
  ) as CompiledPipeline;
  return pipeline;
}

/** An environment variable the construct must have set. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The environment variable ${name} is not set: the function was deployed without it`);
  return value;
}
