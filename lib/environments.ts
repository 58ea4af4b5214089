import type { Engine, SourceFormat } from '#lib/pipelines/pipeline.ts';

/** The size of what one pipeline uses in one environment. Durations are in the unit their name says. */
export interface Capacity {
  automl: { maxCandidates: number; maxRuntimeSeconds: number; maxRuntimePerTrainingJobSeconds: number };
  /** Of a script model: one instance trains it. */
  training: { instanceType: string; maxRuntimeSeconds: number };
  transform: { instanceType: string; instanceCount: number; maxConcurrent: number; maxPayloadMb: number };
  glue: { workerType: 'G.1X' | 'G.2X'; workers: number };
  emr: {
    masterInstanceType: string;
    coreInstanceType: string;
    coreNodes: number;
    /** How often a cluster is tried; all but the last attempt run their core nodes on spot capacity. */
    attempts: number;
    /** The whole cluster ends after this, whatever it is doing; see the cap in the state machine. */
    maxMinutes: number;
  };
}

/** Where a source lives and in which format, when it is not the pipeline's own prefix of the raw zone. */
export interface SourceOverride {
  /** `s3://bucket/prefix/`; default `s3://<raw bucket>/<pipeline>/<source>/`. */
  location?: string;
  format?: SourceFormat;
}

/** A serverless endpoint: it costs while it answers, and what `provisionedConcurrency` keeps warm all the time. */
export interface EndpointSettings {
  /** 1024, 2048, … 6144; the processor it gets grows with it. */
  memoryMb: number;
  /** Rows scored at the same time; what is above is refused until one is done. */
  maxConcurrency: number;
  /** Of these, how many never start cold. Left out: none, and the first row after a quiet time is answered 503. */
  provisionedConcurrency?: number;
}

export interface PipelineOverride {
  /** Runs every query of the pipeline, whatever its definition says. */
  engine?: Engine;
  /** `v1`, `v2`, …: the package of a script model that is in use here, when it is not the definition's. */
  modelVersion?: string;
  /** Scheduled runs are off unless the environment says so. */
  scheduled: boolean;
  /** Predictions expire this many days after the push. */
  timeToLiveDays: number;
  /** Predictions older than this, by run date, are flagged as stale; default: 2 of a daily run, 8 of a weekly one. */
  freshDays?: number;
  /** Serves the pipeline's current model, for rows one at a time; left out, there is none. */
  endpoint?: EndpointSettings;
  capacity: Capacity;
  sources?: Record<string, SourceOverride>;
}

export interface PageSettings {
  throttle: { rate: number; burst: number };
  /**
   * A name of your own for the page, with a certificate of us-east-1, where CloudFront looks for them. Without it the page
   * has a name of CloudFront's, whose oldest allowed TLS version is CloudFront's choice too. Point the name at the
   * distribution yourself.
   */
  domain?: { name: string; certificateArn: string };
}

/** The API of an environment. */
export interface ServingSettings {
  /** Requests a second to each route, and how many more at once; a target of the gateway's, not a promise. */
  throttle: { rate: number; burst: number };
  /** How long a token is good for. */
  tokenMinutes: number;
  /** `https://…` of the one page whose scripts may call the API; left out, none may. */
  pageOrigin?: string;
  /**
   * A page that anybody may open, whose calls need no token: a row is scored, a voucher is asked for, nobody's prediction
   * is shown. Its routes have a throttle of their own, for all visitors together. Left out, there is neither page nor route.
   */
  page?: PageSettings;
}

export interface Environment {
  name: string;
  /** Twelve digits. Left out, templates can still be synthesized, but a deploy refuses. */
  account?: string;
  region: string;
  /** Who gets the failure mails. */
  alertMails: readonly string[];
  /** Who is told of published tables and of runs that ended well, where a pipeline says so. */
  announcementMails: readonly string[];
  /** Name of a Secrets Manager secret that holds a Slack incoming-webhook URL. */
  slackSecretName?: string;
  /** First of the two keys to delete data; the second is `-c destroyData=<environment>` on the command. */
  destroyData: boolean;
  /** A wait between two looks at a job starts at `firstSeconds` and grows by half up to `capSeconds`. */
  poll: { firstSeconds: number; capSeconds: number };
  /** Where EMR clusters run: a VPC made by the stack, or subnets of your own. */
  network: { kind: 'create' } | { kind: 'existing'; vpcId: string; subnetIds: readonly string[] };
  /** Days that logs and query results are kept. */
  retentionDays: number;
  /** The bytes one Athena query may scan before it is stopped. */
  athenaScanLimitBytes: number;
  /** Predictions over HTTP; left out, there is no API. */
  serving?: ServingSettings;
  pipelines: Record<string, PipelineOverride>;
}

const small: Capacity = {
  automl: { maxCandidates: 200, maxRuntimeSeconds: 8_000, maxRuntimePerTrainingJobSeconds: 3_600 },
  training: { instanceType: 'ml.m5.xlarge', maxRuntimeSeconds: 3_600 },
  transform: { instanceType: 'ml.m5.2xlarge', instanceCount: 4, maxConcurrent: 5, maxPayloadMb: 10 },
  glue: { workerType: 'G.1X', workers: 10 },
  emr: { masterInstanceType: 'm5.xlarge', coreInstanceType: 'r5.2xlarge', coreNodes: 4, attempts: 3, maxMinutes: 60 },
};

const production: Capacity = {
  ...small,
  automl: { ...small.automl, maxCandidates: 250 },
  transform: { ...small.transform, instanceCount: 5 },
  emr: { ...small.emr, coreNodes: 8 },
};

const laptop: Capacity = {
  automl: { maxCandidates: 10, maxRuntimeSeconds: 120, maxRuntimePerTrainingJobSeconds: 60 },
  training: { instanceType: 'ml.m5.large', maxRuntimeSeconds: 600 },
  transform: { instanceType: 'ml.m5.large', instanceCount: 1, maxConcurrent: 1, maxPayloadMb: 10 },
  glue: { workerType: 'G.1X', workers: 2 },
  emr: { masterInstanceType: 'm5.xlarge', coreInstanceType: 'm5.xlarge', coreNodes: 1, attempts: 2, maxMinutes: 60 },
};

const TERABYTE = 1024 ** 4;

/** Days: predictions of a weekly run outlive the next one, should it fail. */
const FORTNIGHT = 14;
/**
 * Propensity's predictions: a user who is not seen any more keeps the last one, which is made until the user has been
 * away for sixty days. A quarter outlasts that by a month; what is older says nothing of a week to come.
 */
const QUARTER = 90;

const cloud = {
  region: 'eu-west-1',
  alertMails: ['data-team@example.com'],
  announcementMails: ['data-scientists@example.com'],
  destroyData: false,
  poll: { firstSeconds: 5, capSeconds: 60 },
  network: { kind: 'create' },
  retentionDays: 90,
  athenaScanLimitBytes: TERABYTE,
  serving: { throttle: { rate: 100, burst: 200 }, tokenMinutes: 60 },
} as const;

/** A model of a few hundred kilobytes, asked by people and by services that can wait a moment. */
const endpoint = { memoryMb: 2048, maxConcurrency: 5 } as const satisfies EndpointSettings;
/** Enough for people who try it, too little for somebody who wants to have it all. */
const page = { throttle: { rate: 5, burst: 10 } };

/** The environments of this project: edit them, they are yours. The key is the name used on every command line. */
export const environments = {
  local: {
    ...cloud,
    name: 'local',
    account: '000000000000',
    alertMails: ['you@localhost'],
    announcementMails: ['you@localhost'],
    destroyData: true,
    // The local cloud waits a quarter as long as it is told.
    poll: { firstSeconds: 1, capSeconds: 4 },
    serving: { ...cloud.serving, page },
    pipelines: {
      'buyer-stage': { scheduled: false, timeToLiveDays: 7, capacity: laptop, endpoint },
      'conversion-rate': {
        modelVersion: 'v2',
        scheduled: false,
        timeToLiveDays: FORTNIGHT,
        capacity: laptop,
        endpoint,
      },
      reorder: { scheduled: false, timeToLiveDays: 7, capacity: laptop, endpoint },
      propensity: { scheduled: false, timeToLiveDays: QUARTER, capacity: laptop, endpoint },
      vouchers: { scheduled: false, timeToLiveDays: 7, capacity: laptop },
    },
  },
  dev: {
    ...cloud,
    name: 'dev',
    destroyData: true,
    serving: { ...cloud.serving, page },
    pipelines: {
      'buyer-stage': { scheduled: false, timeToLiveDays: 5, capacity: small, endpoint },
      'conversion-rate': { modelVersion: 'v2', scheduled: false, timeToLiveDays: FORTNIGHT, capacity: small, endpoint },
      reorder: { scheduled: false, timeToLiveDays: 5, capacity: small, endpoint },
      propensity: { scheduled: false, timeToLiveDays: QUARTER, capacity: small, endpoint },
      vouchers: { scheduled: false, timeToLiveDays: 5, capacity: small },
    },
  },
  qa: {
    ...cloud,
    name: 'qa',
    pipelines: {
      'buyer-stage': { scheduled: true, timeToLiveDays: 7, capacity: small },
      'conversion-rate': { modelVersion: 'v2', scheduled: true, timeToLiveDays: FORTNIGHT, capacity: small },
      reorder: { scheduled: true, timeToLiveDays: 7, capacity: small, endpoint },
      propensity: { scheduled: true, timeToLiveDays: QUARTER, capacity: small },
      vouchers: { scheduled: true, timeToLiveDays: 7, capacity: small },
    },
  },
  prod: {
    ...cloud,
    name: 'prod',
    retentionDays: 365,
    serving: { throttle: { rate: 500, burst: 1_000 }, tokenMinutes: 60 },
    pipelines: {
      'buyer-stage': { scheduled: true, timeToLiveDays: 7, capacity: production },
      'conversion-rate': { modelVersion: 'v2', scheduled: true, timeToLiveDays: FORTNIGHT, capacity: production },
      reorder: {
        scheduled: true,
        timeToLiveDays: 7,
        capacity: production,
        endpoint: { memoryMb: 3072, maxConcurrency: 20 },
      },
      propensity: { scheduled: true, timeToLiveDays: QUARTER, capacity: production },
      vouchers: { scheduled: true, timeToLiveDays: 7, capacity: production },
    },
  },
} as const satisfies Record<string, Environment>;

export type EnvironmentName = keyof typeof environments;
