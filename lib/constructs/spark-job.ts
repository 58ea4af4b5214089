import { ArnFormat, Stack } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import { sparkData } from '#lib/constructs/data-grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';

export interface SparkJobProps {
  jobName: string;
  description: string;
  script: Asset;
  /** Python files the script imports. */
  library: Asset;
  workerType: string;
  workers: number;
  timeoutMinutes: number;
  lake: Lake;
  pipeline: string;
  /** Raw sources the script may read. */
  sources: Settings['sources'];
}

/**
 * A plain PySpark script run by AWS Glue, as a role of its own.
 *
 * Retries are the state machine's business, so Glue has none; two runs of one job never overlap in a pipeline,
 * which runs once at a time.
 */
export class SparkJob extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: SparkJobProps) {
    super(scope, id);
    const { lake, pipeline } = props;
    this.role = new Role(this, 'Role', {
      description: `Glue job ${props.jobName}`,
      assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    });
    const scripts = [props.script, props.library];
    for (const statement of sparkData(this, { lake, pipeline, sources: props.sources, scripts }))
      this.role.addToPolicy(statement);
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [
          Stack.of(this).formatArn({
            service: 'logs',
            resource: 'log-group',
            resourceName: '/aws-glue/*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      }),
    );

    new CfnJob(this, 'Job', {
      name: props.jobName,
      description: props.description,
      role: this.role.roleArn,
      glueVersion: '5.1',
      command: { name: 'glueetl', pythonVersion: '3', scriptLocation: props.script.s3ObjectUrl },
      defaultArguments: {
        '--extra-py-files': props.library.s3ObjectUrl,
        '--enable-metrics': 'true',
        '--enable-continuous-cloudwatch-log': 'true',
        '--job-language': 'python',
      },
      executionProperty: { maxConcurrentRuns: 1 },
      maxRetries: 0,
      timeout: props.timeoutMinutes,
      workerType: props.workerType,
      numberOfWorkers: props.workers,
    });
  }
}
