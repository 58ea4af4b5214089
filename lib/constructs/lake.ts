import { Aws, Stack } from 'aws-cdk-lib';
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Environment } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';

/**
 * The shared resources of an environment as another stack sees them.
 *
 * Found by name and not by export: an export would tie the stacks together, and a pipeline could then neither be
 * removed alone nor the lake be changed while it is there.
 */
export class Lake extends Construct {
  readonly names: ReturnType<typeof lakeNames>;
  readonly raw: IBucket;
  readonly curated: IBucket;
  readonly sandbox: IBucket;
  readonly logs: IBucket;
  readonly runTable: ITable;
  readonly alerts: ITopic;
  readonly announcements: ITopic;

  static named(scope: Construct, environment: Environment): Lake {
    return new Lake(scope, 'Lake', environment);
  }

  private constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    this.names = lakeNames(environment, environment.account ?? Aws.ACCOUNT_ID);
    const stack = Stack.of(this);
    const bucket = (id: string, name: string) => Bucket.fromBucketName(this, id, name);
    this.raw = bucket('Raw', this.names.rawBucket);
    this.curated = bucket('Curated', this.names.curatedBucket);
    this.sandbox = bucket('Sandbox', this.names.sandboxBucket);
    this.logs = bucket('Logs', this.names.logBucket);
    this.runTable = Table.fromTableName(this, 'Runs', this.names.runTable);
    const topic = (id: string, name: string) =>
      Topic.fromTopicArn(this, id, stack.formatArn({ service: 'sns', resource: name }));
    this.alerts = topic('Alerts', this.names.alertTopic);
    this.announcements = topic('Announcements', this.names.announcementTopic);
  }
}
