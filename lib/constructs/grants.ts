import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import type { Grant } from '#lambdas/shared/steps.ts';
import { arnsOf } from '#lib/constructs/arns.ts';
import { allow, objects, READ, readSources, WRITE } from '#lib/constructs/data-grants.ts';
import { jobStatements } from '#lib/constructs/job-grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';
import { pipelineNames, tableName } from '#lib/names.ts';

export interface GrantContext {
  scope: Construct;
  lake: Lake;
  settings: Settings;
}

/** The statements behind each grant of `lambdas/shared/steps.ts`, limited to one pipeline's own things. */
export function statementsFor(grant: Grant, context: GrantContext): PolicyStatement[] {
  const { scope, lake, settings } = context;
  const arn = arnsOf(scope);
  const names = pipelineNames({ name: settings.environment }, settings.pipeline);
  const mine = `${settings.pipeline}/`;
  const catalogue = [
    arn('glue', 'catalog'),
    arn('glue', `database/${settings.database}`),
    arn('glue', `table/${settings.database}/${tableName(settings.pipeline, '*')}`),
  ];
  switch (grant) {
    case 'readRaw':
      return readSources(context);
    case 'readCurated':
      return objects(lake.curated, mine, READ);
    case 'writeCurated':
      return objects(lake.curated, mine, WRITE);
    case 'readSandbox':
      return objects(lake.sandbox, mine, READ);
    case 'writeSandbox':
      return objects(lake.sandbox, mine, WRITE);
    case 'runTable':
      return [
        allow(
          ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
          [lake.runTable.tableArn],
        ),
      ];
    case 'athena':
      return [
        allow(
          [
            'athena:StartQueryExecution',
            'athena:GetQueryExecution',
            'athena:GetQueryResults',
            'athena:GetWorkGroup',
            'athena:StopQueryExecution',
          ],
          [arn('athena', `workgroup/${settings.workgroup}`)],
        ),
        ...objects(lake.sandbox, 'athena/', WRITE),
        // Athena reads where a bucket is before it reads the bucket.
        allow(['s3:GetBucketLocation'], [lake.raw.bucketArn, lake.curated.bucketArn, lake.sandbox.bucketArn]),
      ];
    case 'glueCatalogRead':
      return [
        allow(
          ['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartition', 'glue:GetPartitions'],
          catalogue,
        ),
      ];
    case 'glueCatalogWrite':
      return [
        allow(
          [
            'glue:GetDatabase',
            'glue:GetTable',
            'glue:GetPartition',
            'glue:GetPartitions',
            'glue:UpdateTable',
            'glue:CreatePartition',
            'glue:UpdatePartition',
            'glue:BatchCreatePartition',
            'glue:DeletePartition',
            'glue:BatchDeletePartition',
          ],
          catalogue,
        ),
      ];
    case 'modelCode': {
      const [, bucketAndKey = ''] = /^s3:\/\/(.*)$/.exec(settings.modelCode ?? '') ?? [];
      return bucketAndKey ? [allow(READ, [`arn:${Stack.of(scope).partition}:s3:::${bucketAndKey}`])] : [];
    }
    case 'publishAlerts':
      return [allow(['sns:Publish'], [lake.alerts.topicArn])];
    case 'publishAnnouncements':
      return [allow(['sns:Publish'], [lake.announcements.topicArn])];
    case 'slackSecret':
      return settings.slackSecretName
        ? [
            allow(
              ['secretsmanager:GetSecretValue'],
              // Secrets Manager adds a hyphen and six characters to the name.
              [arn('secretsmanager', `secret:${settings.slackSecretName}-??????`, ':')],
            ),
          ]
        : [];
    case 'startMl':
      return [allow(['states:StartExecution'], [settings.mlMachineArn])];
    case 'describeExecutions':
      return [
        allow(
          ['states:DescribeExecution'],
          [names.etlMachine, names.mlMachine].map((machine) => arn('states', `execution:${machine}:*`, ':')),
        ),
      ];
    default:
      return jobStatements(grant, context);
  }
}
