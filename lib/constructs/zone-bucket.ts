import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

export interface ZoneBucketProps {
  /** Left out, CloudFormation makes one: for a bucket that nobody has to find by its name. */
  bucketName?: string;
  /** Where access logs go; the log bucket itself has none. */
  logs?: IBucket;
  /** Objects under these prefixes expire after this many days; everything else stays. */
  expire?: { prefix: string; days: number }[];
  removalPolicy: RemovalPolicy;
  /** Empties the bucket before it is removed: CloudFormation removes only empty ones. */
  autoDeleteObjects: boolean;
}

/**
 * A bucket of the lake: private, encrypted, TLS only, versioned so that an overwritten object can be had back.
 *
 * Lifecycle rules never touch tables: a location that a manifest names must not expire.
 */
export class ZoneBucket extends Bucket {
  constructor(scope: Construct, id: string, props: ZoneBucketProps) {
    super(scope, id, {
      bucketName: props.bucketName,
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: props.logs !== undefined,
      serverAccessLogsBucket: props.logs,
      serverAccessLogsPrefix: props.logs && `s3-access/${id.toLowerCase()}/`,
      removalPolicy: props.removalPolicy,
      autoDeleteObjects: props.autoDeleteObjects,
      lifecycleRules: [
        { id: 'abandoned-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        ...(props.logs ? [{ id: 'old-versions', noncurrentVersionExpiration: Duration.days(30) }] : []),
        ...(props.expire ?? []).map(({ prefix, days }) => ({
          id: `expire-${prefix.replaceAll('/', '-')}`,
          prefix,
          expiration: Duration.days(days),
        })),
      ],
    });
  }
}

/** Data stays unless two keys are turned: the environment's `destroyData` and `-c destroyData=<environment>`. */
export function removalPolicyOf(scope: Construct, environment: { name: string; destroyData: boolean }): RemovalPolicy {
  const asked = scope.node.tryGetContext('destroyData') === environment.name;
  return environment.destroyData && asked ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
}
