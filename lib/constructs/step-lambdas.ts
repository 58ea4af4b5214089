import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import { STEPS } from '#lambdas/shared/steps.ts';
import { type GrantContext, statementsFor } from '#lib/constructs/grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';

export interface StepLambdasProps {
  /** First part of the functions' names, for example `presage-dev-buyer-stage-etl`. */
  prefix: string;
  /** Folder with `<step>/handler.mjs` and `<step>/pipeline.json`. */
  assets: string;
  settings: Settings;
  lake: Lake;
  retentionDays: number;
}

/**
 * The Lambda functions of one machine, made when a state first asks for one, each with a role of its own.
 *
 * What a step may do is data beside its code (`lambdas/shared/steps.ts`); here it becomes statements.
 */
export class StepLambdas extends Construct {
  private readonly props: StepLambdasProps;
  private readonly made = new Map<string, { fn: LambdaFunction; timeout: Duration }>();

  constructor(scope: Construct, id: string, props: StepLambdasProps) {
    super(scope, id);
    this.props = props;
  }

  /** The function of a step and the time it may take. */
  of(step: string): { fn: LambdaFunction; timeout: Duration } {
    const known = this.made.get(step);
    if (known) return known;
    const definition = STEPS.find((candidate) => candidate.step === step);
    if (!definition) throw new Error(`No step '${step}' in lambdas/shared/steps.ts`);
    const { prefix, assets, settings, lake, retentionDays } = this.props;
    const scope = new Construct(this, step);
    const functionName = `${prefix}-${step}`;
    const timeout = Duration.seconds(definition.timeoutSeconds);

    const log = new LogGroup(scope, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: retentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(scope, 'Role', {
      description: `Step ${step} of ${prefix}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    log.grantWrite(role);
    const context: GrantContext = { scope, lake, settings };
    for (const grant of definition.grants)
      for (const statement of statementsFor(grant, context)) role.addToPolicy(statement);

    const fn = new LambdaFunction(scope, 'Function', {
      functionName,
      description: `Presage: ${step}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(assets, step)),
      handler: 'handler.handler',
      role,
      timeout,
      memorySize: definition.memoryMb,
      tracing: Tracing.ACTIVE,
      logGroup: log,
      environment: {
        SETTINGS: JSON.stringify(settings),
        POWERTOOLS_SERVICE_NAME: prefix,
        POWERTOOLS_METRICS_NAMESPACE: 'Presage',
      },
    });
    const result = { fn, timeout };
    this.made.set(step, result);
    return result;
  }
}
