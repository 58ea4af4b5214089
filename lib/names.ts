import { createHash } from 'node:crypto';

/**
 * Every name two parts of the system have to agree on, made in one place.
 *
 * Stacks find each other's resources by these names instead of CloudFormation exports, so that one stack can be
 * changed or removed without the others; Lambda handlers and the command line use them too.
 */

/** Names of an environment's shared resources. `account` may be a CloudFormation token at synth. */
export function lakeNames(environment: { name: string; region: string }, account: string) {
  const prefix = `presage-${environment.name}`;
  const bucket = (zone: string) => `${prefix}-${zone}-${account}-${environment.region}`;
  return {
    prefix,
    rawBucket: bucket('raw'),
    curatedBucket: bucket('curated'),
    sandboxBucket: bucket('sandbox'),
    logBucket: bucket('logs'),
    database: `presage_${environment.name}`,
    workgroup: prefix,
    runTable: `${prefix}-runs`,
    alertTopic: `${prefix}-alerts`,
    announcementTopic: `${prefix}-announcements`,
  };
}

/** Names of one pipeline's resources in one environment. */
export function pipelineNames(environment: { name: string }, pipeline: string) {
  const prefix = `presage-${environment.name}-${pipeline}`;
  return {
    prefix,
    etlStack: `${prefix}-etl`,
    mlStack: `${prefix}-ml`,
    etlMachine: `${prefix}-etl`,
    mlMachine: `${prefix}-ml`,
    predictionTable: `${prefix}-predictions`,
    queriesJob: `${prefix}-run-queries`,
    datasetsJob: `${prefix}-make-datasets`,
    pushJob: `${prefix}-push`,
    endpoint: prefix,
    /** What every SageMaker job and model of the pipeline starts with; see `shortName`. */
    sagemakerPrefix: sagemakerPrefix(environment.name, pipeline),
  };
}

/** Names of what serves the predictions of an environment. `account` may be a CloudFormation token at synth. */
export function servingNames(environment: { name: string }, account: string) {
  const prefix = `presage-${environment.name}`;
  return {
    stack: `${prefix}-serving`,
    api: `${prefix}-api`,
    functionOf: (folder: string) => `${prefix}-${folder}`,
    userPool: prefix,
    /** Of the address that gives tokens, unique in all of AWS. */
    domainPrefix: `${prefix}-${account}`,
    client: `${prefix}-service`,
    /** What a service needs to ask for a token; see `lib/constructs/api-auth.ts`. */
    clientSecret: `${prefix}-service-client`,
  };
}

/** Identifier of the resource server in every environment's user pool. */
export const RESOURCE_SERVER = 'presage';
/** As tokens have it: `presage/buyer-stage.read`. */
export const scopeName = (pipeline: string, action: string) => `${RESOURCE_SERVER}/${pipeline}.${action}`;

/** `buyer-stage`, `features` → `buyer_stage_features`: the name in the environment's Glue database. */
export const tableName = (pipeline: string, table: string) => `${pipeline.replaceAll('-', '_')}_${table}`;
/** The raw source as the catalogue knows it: every CSV column a string, Parquet as declared. */
export const rawTableName = (pipeline: string, source: string) => tableName(pipeline, `raw_${source}`);
/** Points at what the present run has written and nobody has accepted yet. */
export const candidateTableName = (pipeline: string, table: string) => tableName(pipeline, `${table}_candidate`);
/** Scored rows as batch transform wrote them. */
export const scoresTableName = (pipeline: string, dataset: 'holdout' | 'inference') =>
  tableName(pipeline, `${dataset}_scores`);
/** Of every model a pipeline has trained: what it is and how good; see lib/sql/training-record-sql.ts. */
export const TRAINING_RECORD = 'model_training_metadata';
export const predictionsTableName = (pipeline: string) => tableName(pipeline, 'predictions');

const digest = (text: string, length: number) => createHash('sha256').update(text).digest('hex').slice(0, length);

/** Ten characters, the same for every job of a pipeline in an environment: what IAM policies are limited to. */
const sagemakerPrefix = (environment: string, pipeline: string) => `pr${digest(`${environment}/${pipeline}`, 8)}`;

/**
 * A name for a SageMaker job, the same for the same run, step and attempt.
 *
 * AutoML job names have at most 32 characters and can never be used again in the account, so the execution enters as
 * a hash; the readable name travels in the tags. 10 + 1 + 16 + 1 + 4 = 32 characters.
 */
export function jobName(environment: string, pipeline: string, execution: string, step: string, attempt = 1) {
  const name = `${sagemakerPrefix(environment, pipeline)}-${digest(`${execution}/${step}`, 16)}-${attempt}`;
  if (name.length > 32) throw new Error(`job name ${name} is longer than 32 characters`);
  return name;
}

/**
 * A name for the configuration of an endpoint: the run date is in it, so that whoever sees which one is in use knows which
 * day it was made for. Of one execution and attempt, so that a retried step finds its own.
 */
export const endpointConfigName = (
  environment: string,
  pipeline: string,
  run: { runDate: string; execution: string },
  attempt = 1,
) => `${sagemakerPrefix(environment, pipeline)}-${run.runDate}-${digest(run.execution, 16)}-${attempt}`;

/** The run date that is in such a name; of any other name, nothing. */
export const dayOfEndpointConfig = (name: string): string | undefined =>
  /^pr[0-9a-f]{8}-(\d{4}-\d{2}-\d{2})-/.exec(name)?.[1];
