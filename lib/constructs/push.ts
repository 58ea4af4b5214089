import type { RemovalPolicy } from 'aws-cdk-lib';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { PredictionTable } from '#lib/constructs/prediction-table.ts';
import { SparkJob, type SparkJobProps } from '#lib/constructs/spark-job.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

export interface PushProps extends Pick<SparkJobProps, 'workerType' | 'workers' | 'lake' | 'sources'> {
  pipeline: Pick<Pipeline, 'name' | 'predictions'>;
  tableName: string;
  jobName: string;
  script: Asset;
  /** Python files the script imports. */
  library: Asset;
  removalPolicy: RemovalPolicy;
}

/** What serves a pipeline's predictions: the DynamoDB table and the job that fills it. */
export class Push extends Construct {
  constructor(scope: Construct, id: string, { pipeline, tableName, removalPolicy, ...props }: PushProps) {
    super(scope, id);
    const { predictions } = pipeline;
    if (!predictions) throw new Error(`${pipeline.name} has nothing to push`);
    const { table } = new PredictionTable(this, 'Predictions', { tableName, predictions, removalPolicy });
    const { role } = new SparkJob(this, 'Push', {
      ...props,
      description: `Predictions of ${pipeline.name} to DynamoDB`,
      timeoutMinutes: 480,
      pipeline: pipeline.name,
    });
    table.grant(role, 'dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:DescribeTable', 'dynamodb:GetItem');
  }
}
