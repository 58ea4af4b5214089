import { ArnFormat, Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { AccountCheck } from '#lib/constructs/account-check.ts';
import { removalPolicyOf, ZoneBucket } from '#lib/constructs/zone-bucket.ts';
import type { Environment } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import { stackProps } from '#lib/stacks/stack-props.ts';

/** What all pipelines of an environment share: the zones, the catalogue, Athena's workgroup, mails, the run table. */
export class LakeStack extends Stack {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(
      scope,
      id,
      stackProps(
        environment,
        `presage-${environment.name}-lake`,
        'the zones, the catalogue and the alerts that every pipeline shares',
      ),
    );
    new AccountCheck(this, 'AccountCheck', environment);
    const names = lakeNames(environment, environment.account ?? Aws.ACCOUNT_ID);
    const removalPolicy = removalPolicyOf(this, environment);
    const days = environment.retentionDays;
    const shared = {
      removalPolicy,
      // The function that empties a bucket is a custom resource, which the local cloud does not have: there, the state
      // folder is deleted instead.
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY && environment.name !== 'local',
    };

    const logs = new ZoneBucket(this, 'Logs', {
      bucketName: names.logBucket,
      expire: [{ prefix: '', days }],
      ...shared,
    });
    new ZoneBucket(this, 'Raw', { bucketName: names.rawBucket, logs, ...shared });
    new ZoneBucket(this, 'Curated', { bucketName: names.curatedBucket, logs, ...shared });
    new ZoneBucket(this, 'Sandbox', {
      bucketName: names.sandboxBucket,
      logs,
      expire: [{ prefix: 'athena/', days }],
      ...shared,
    });

    new CfnDatabase(this, 'Database', {
      catalogId: this.account,
      databaseInput: { name: names.database, description: `Presage, environment ${environment.name}` },
    }).applyRemovalPolicy(removalPolicy);

    new CfnWorkGroup(this, 'Workgroup', {
      name: names.workgroup,
      description: `Queries of the pipelines and people of ${environment.name}`,
      recursiveDeleteOption: environment.destroyData,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: environment.athenaScanLimitBytes,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${names.sandboxBucket}/athena/`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
          expectedBucketOwner: this.account,
        },
      },
    });

    const alerts = this.mailTopic('Alerts', names.alertTopic, environment.alertMails);
    // With a policy of its own, a topic takes nothing of a service that the policy does not name.
    alerts.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [alerts.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.account },
          ArnLike: {
            'aws:SourceArn': this.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: `${names.prefix}-*`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    this.mailTopic('Announcements', names.announcementTopic, environment.announcementMails);

    new Table(this, 'Runs', {
      tableName: names.runTable,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'ttl',
      removalPolicy,
    });
  }

  private mailTopic(id: string, topicName: string, mails: readonly string[]): Topic {
    const topic = new Topic(this, id, { topicName, enforceSSL: true });
    for (const mail of mails) topic.addSubscription(new EmailSubscription(mail));
    return topic;
  }
}
