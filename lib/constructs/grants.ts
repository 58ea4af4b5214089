import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import type { Grant } from '#lambdas/shared/steps.ts';
import { endpointStatements } from '#lib/constructs/endpoint-grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';
import { pipelineNames, tableName } from '#lib/names.ts';

export interface GrantContext {
  scope: Construct;
  lake: Lake;
  settings: Settings;
}

/** As much of a `GrantContext` as the places of sources need: Spark's roles have no more. */
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

const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
  new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) });

/** Objects below a prefix of a bucket, and the list of that prefix alone. */
export function objects(bucket: IBucket, prefix: string, actions: string[]): PolicyStatement[] {
  return [
    allow(actions, [bucket.arnForObjects(`${prefix}*`)]),
    allow(['s3:ListBucket'], [bucket.bucketArn], { StringLike: { 's3:prefix': [`${prefix}*`] } }),
  ];
}

const READ = ['s3:GetObject'];
export const WRITE = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'];
/** Spark renames by copying and deleting. */
const REWRITE = [...WRITE, 's3:DeleteObject'];

/** Where raw sources are: the pipeline's prefix of the raw zone, and whatever else the environment names. */
function readSources({ scope, lake, settings }: SourcesContext): PolicyStatement[] {
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

/** The statements behind each grant of `lambdas/shared/steps.ts`, limited to one pipeline's own things. */
export function statementsFor(grant: Grant, context: GrantContext): PolicyStatement[] {
  const { scope, lake, settings } = context;
  const stack = Stack.of(scope);
  const names = pipelineNames({ name: settings.environment }, settings.pipeline);
  const mine = `${settings.pipeline}/`;
  const arn = (service: string, resource: string, separator: '/' | ':' = '/') => {
    const [type = '', ...rest] = resource.split(separator);
    return stack.formatArn({
      service,
      resource: type,
      ...(rest.length
        ? {
            resourceName: rest.join(separator),
            arnFormat: separator === ':' ? ArnFormat.COLON_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME,
          }
        : {}),
    });
  };
  const catalogue = [
    stack.formatArn({ service: 'glue', resource: 'catalog' }),
    arn('glue', `database/${settings.database}`),
    arn('glue', `table/${settings.database}/${tableName(settings.pipeline, '*')}`),
  ];
  const sagemaker = (...types: string[]) =>
    types.map((type) => arn('sagemaker', `${type}/${settings.sagemakerPrefix}*`));
  const passRole = (roles: string[], service: string) =>
    allow(['iam:PassRole'], roles, { StringEquals: { 'iam:PassedToService': service } });
  const stop = {
    emr: allow(['elasticmapreduce:TerminateJobFlows'], [arn('elasticmapreduce', 'cluster/*')], {
      StringEquals: { 'elasticmapreduce:ResourceTag/presage:pipeline': settings.pipeline },
    }),
  };

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
    case 'glueJobs':
      return [
        allow(
          ['glue:StartJobRun', 'glue:GetJobRun', 'glue:GetJobRuns', 'glue:BatchStopJobRun'],
          [arn('glue', `job/${names.prefix}-*`)],
        ),
      ];
    case 'emr':
      if (!settings.emr) return [];
      return [
        // RunJobFlow and ListClusters know no resource; the tag a cluster is born with limits what may be done to it.
        allow(['elasticmapreduce:RunJobFlow'], ['*'], {
          StringEquals: { 'aws:RequestTag/presage:pipeline': settings.pipeline },
        }),
        allow(['elasticmapreduce:AddTags'], [arn('elasticmapreduce', 'cluster/*')], {
          StringEquals: { 'aws:RequestTag/presage:pipeline': settings.pipeline },
        }),
        allow(
          ['elasticmapreduce:DescribeCluster', 'elasticmapreduce:ListSteps', 'elasticmapreduce:DescribeStep'],
          [arn('elasticmapreduce', 'cluster/*')],
          { StringEquals: { 'elasticmapreduce:ResourceTag/presage:pipeline': settings.pipeline } },
        ),
        allow(['elasticmapreduce:ListClusters'], ['*']),
        stop.emr,
        passRole([settings.emr.serviceRoleArn], 'elasticmapreduce.amazonaws.com'),
        passRole([settings.emr.instanceRoleArn], 'ec2.amazonaws.com'),
      ];
    case 'automl':
      return [
        allow(
          [
            'sagemaker:CreateAutoMLJobV2',
            'sagemaker:DescribeAutoMLJobV2',
            'sagemaker:StopAutoMLJob',
            'sagemaker:AddTags',
          ],
          sagemaker('automl-job'),
        ),
        // A list: it knows no resource, although it is of one job.
        allow(['sagemaker:ListCandidatesForAutoMLJob'], ['*']),
        passRole([settings.sagemakerRoleArn], 'sagemaker.amazonaws.com'),
      ];
    case 'training':
      return [
        allow(
          [
            'sagemaker:CreateTrainingJob',
            'sagemaker:DescribeTrainingJob',
            'sagemaker:StopTrainingJob',
            'sagemaker:AddTags',
          ],
          sagemaker('training-job'),
        ),
        passRole([settings.sagemakerRoleArn], 'sagemaker.amazonaws.com'),
      ];
    case 'modelCode': {
      const [, bucketAndKey = ''] = /^s3:\/\/(.*)$/.exec(settings.modelCode ?? '') ?? [];
      return bucketAndKey ? [allow(READ, [`arn:${Stack.of(scope).partition}:s3:::${bucketAndKey}`])] : [];
    }
    case 'models':
      return [
        allow(['sagemaker:CreateModel', 'sagemaker:DescribeModel', 'sagemaker:AddTags'], sagemaker('model')),
        allow(['sagemaker:DescribeAutoMLJobV2'], sagemaker('automl-job')),
        allow(['sagemaker:DescribeTrainingJob'], sagemaker('training-job')),
        passRole([settings.sagemakerRoleArn], 'sagemaker.amazonaws.com'),
      ];
    case 'transform':
      return [
        allow(
          [
            'sagemaker:CreateTransformJob',
            'sagemaker:DescribeTransformJob',
            'sagemaker:StopTransformJob',
            'sagemaker:AddTags',
          ],
          sagemaker('transform-job'),
        ),
        allow(['sagemaker:CreateTransformJob'], sagemaker('model')),
      ];
    case 'updateEndpoint':
    case 'watchEndpoint':
    case 'removeEndpoint':
      return endpointStatements(grant, {
        endpoint: arn('sagemaker', `endpoint/${names.endpoint}`),
        configs: sagemaker('endpoint-config'),
        models: sagemaker('model'),
      });
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
    case 'findJobs':
      // Jobs whose start was never answered: they are found by the name or argument they were started with.
      return [
        ...(settings.emr ? [allow(['elasticmapreduce:ListClusters'], ['*'])] : []),
        allow(['glue:GetJobRuns'], [arn('glue', `job/${names.prefix}-*`)]),
      ];
    case 'stopJobs':
      return [
        ...(settings.emr ? [stop.emr] : []),
        allow(['glue:BatchStopJobRun'], [arn('glue', `job/${names.prefix}-*`)]),
        allow(['athena:StopQueryExecution'], [arn('athena', `workgroup/${settings.workgroup}`)]),
        allow(['sagemaker:StopAutoMLJob'], sagemaker('automl-job')),
        allow(['sagemaker:StopTrainingJob'], sagemaker('training-job')),
        allow(['sagemaker:StopTransformJob'], sagemaker('transform-job')),
      ];
  }
}
