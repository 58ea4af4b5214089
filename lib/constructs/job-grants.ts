import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Grant } from '#lambdas/shared/steps.ts';
import { arnsOf } from '#lib/constructs/arns.ts';
import { allow } from '#lib/constructs/data-grants.ts';
import { type EndpointGrant, endpointStatements } from '#lib/constructs/endpoint-grants.ts';
import type { GrantContext } from '#lib/constructs/grants.ts';
import { pipelineNames } from '#lib/names.ts';

export type JobGrant =
  | EndpointGrant
  | Extract<Grant, 'glueJobs' | 'emr' | 'automl' | 'training' | 'models' | 'transform' | 'findJobs' | 'stopJobs'>;

/** Who may start, watch and stop what runs outside Lambda: Glue, EMR and SageMaker, each by the names and tags of a pipeline. */
export function jobStatements(grant: JobGrant, { scope, settings }: GrantContext): PolicyStatement[] {
  const arn = arnsOf(scope);
  const names = pipelineNames({ name: settings.environment }, settings.pipeline);
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
