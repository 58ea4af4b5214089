import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { objects, WRITE } from '#lib/constructs/data-grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';
import { pipelineNames } from '#lib/names.ts';

/**
 * The role SageMaker takes for a pipeline's AutoML jobs, models and transforms.
 *
 * AWS publishes no least policy for AutoML's role: these are the calls known to be made, limited to the pipeline's
 * job prefix and data. Not yet proven in an account; see docs/not-yet-proven.md.
 */
export class ModelRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: { environment: string; pipeline: string; lake: Lake }) {
    super(scope, id);
    const { pipeline, lake } = props;
    const stack = Stack.of(this);
    const { sagemakerPrefix } = pipelineNames({ name: props.environment }, pipeline);
    this.role = new Role(this, 'Role', {
      description: `SageMaker jobs and models of ${pipeline}`,
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
    });
    const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
      this.role.addToPolicy(new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) }));
    const log = (resourceName: string) =>
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });

    for (const statement of objects(lake.curated, `${pipeline}/ml/`, WRITE)) this.role.addToPolicy(statement);
    allow(['s3:GetBucketLocation'], [lake.curated.bucketArn]);
    allow(['iam:PassRole'], [this.role.roleArn], {
      StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
    });
    // AutoML starts jobs of its own under names that begin with the AutoML job's.
    for (const [kind, resource] of Object.entries({
      ProcessingJob: 'processing-job',
      TrainingJob: 'training-job',
      HyperParameterTuningJob: 'hyper-parameter-tuning-job',
      TransformJob: 'transform-job',
    }))
      allow(
        [`sagemaker:Create${kind}`, `sagemaker:Describe${kind}`, `sagemaker:Stop${kind}`, 'sagemaker:AddTags'],
        [stack.formatArn({ service: 'sagemaker', resource, resourceName: `${sagemakerPrefix}*` })],
      );
    allow(
      ['sagemaker:CreateModel', 'sagemaker:DescribeModel', 'sagemaker:DeleteModel'],
      [stack.formatArn({ service: 'sagemaker', resource: 'model', resourceName: `${sagemakerPrefix}*` })],
    );
    // AWS's own algorithm images live in registries of AWS accounts that differ by region.
    allow(
      ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
      [`arn:${stack.partition}:ecr:${stack.region}:*:repository/*`],
      { StringNotEquals: { 'aws:ResourceAccount': stack.account } },
    );
    allow(['ecr:GetAuthorizationToken'], ['*']);
    allow(
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      [log('/aws/sagemaker/*')],
    );
    allow(['cloudwatch:PutMetricData'], ['*'], {
      StringLike: { 'cloudwatch:namespace': ['/aws/sagemaker/*', 'aws/sagemaker/*', 'AWS/SageMaker'] },
    });
  }
}
