import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import type { Lake } from '#lib/constructs/lake.ts';

/** Who may read and write which objects: zones, raw sources, deployed files. */

interface SourcesContext {
  scope: Construct;
  lake: Lake;
  settings: Pick<Settings, 'pipeline' | 'sources' | 'rawBucket'>;
}

export interface SparkDataProps {
  lake: Lake;
  pipeline: string;
  sources: Settings['sources'];
  /** The deployed Python files Spark runs. */
  scripts: Asset[];
}

export const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
  new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) });

/** Objects below a prefix of a bucket, and the list of that prefix alone. */
export function objects(bucket: IBucket, prefix: string, actions: string[]): PolicyStatement[] {
  return [
    allow(actions, [bucket.arnForObjects(`${prefix}*`)]),
    allow(['s3:ListBucket'], [bucket.bucketArn], { StringLike: { 's3:prefix': [`${prefix}*`] } }),
  ];
}

export const READ = ['s3:GetObject'];
export const WRITE = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'];
/** Spark renames by copying and deleting. */
const REWRITE = [...WRITE, 's3:DeleteObject'];

/** Where raw sources are: the pipeline's prefix of the raw zone, and whatever else the environment names. */
export function readSources({ scope, lake, settings }: SourcesContext): PolicyStatement[] {
  const statements = objects(lake.raw, `${settings.pipeline}/`, READ);
  const own = `s3://${settings.rawBucket}/${settings.pipeline}/`;
  for (const { location } of Object.values(settings.sources)) {
    if (location.startsWith(own)) continue;
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(location) ?? [];
    const arn = `arn:${Stack.of(scope).partition}:s3:::${bucket}`;
    statements.push(
      allow(READ, [`${arn}/${prefix}*`]),
      allow(['s3:ListBucket'], [arn], { StringLike: { 's3:prefix': [`${prefix}*`] } }),
    );
  }
  return statements;
}

/** Exactly these deployed files, not the whole bucket of assets. */
const readAssets = (...assets: Asset[]) =>
  allow(
    READ,
    assets.map((asset) => asset.bucket.arnForObjects(asset.s3ObjectKey)),
  );

/** What Spark reads and writes for a pipeline, wherever it runs: raw sources, its part of the other zones, its scripts. */
export function sparkData(scope: Construct, { lake, pipeline, sources, scripts }: SparkDataProps): PolicyStatement[] {
  const settings = { pipeline, sources, rawBucket: lake.names.rawBucket };
  return [
    ...readSources({ scope, lake, settings }),
    ...[lake.curated, lake.sandbox].flatMap((bucket) => objects(bucket, `${pipeline}/`, REWRITE)),
    readAssets(...scripts),
  ];
}
