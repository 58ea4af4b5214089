import { join } from 'node:path';
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  type HttpRoute,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { pathsOf, ROUTES, type Route } from '#lambdas/shared/http/routes.ts';
import type { Environment, ServingSettings } from '#lib/environments.ts';
import { pipelineNames, scopeName, type servingNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

export interface PredictionApiProps {
  environment: Environment;
  settings: ServingSettings;
  names: ReturnType<typeof servingNames>;
  pipelines: readonly Pipeline[];
  /** Folder with `<route's folder>/{handler.mjs,serving.json,openapi.json}`. */
  assets: string;
  authorizer: IHttpRouteAuthorizer;
  tokenUrl: string;
}

/**
 * What is known of a request afterwards. The route and not the path, because paths have keys in them; no header, no query
 * and no body.
 */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  client: '$context.authorizer.claims.client_id',
  refusal: '$context.error.responseType',
  authorizer: '$context.authorizer.error',
  bytes: '$context.responseLength',
  milliseconds: '$context.responseLatency',
};

/** The HTTP API of an environment: one function and one role for each route of lambdas/shared/http/routes.ts. */
export class PredictionApi extends Construct {
  readonly url: string;
  readonly stage: HttpStage;
  private readonly props: PredictionApiProps;

  constructor(scope: Construct, id: string, props: PredictionApiProps) {
    super(scope, id);
    this.props = props;
    const { names, settings, pipelines } = props;
    const { pageOrigin, page, throttle } = settings;
    const api = new HttpApi(this, 'Http', {
      apiName: names.api,
      description: `Predictions of ${props.environment.name}`,
      createDefaultStage: false,
      ...(pageOrigin
        ? {
            corsPreflight: {
              allowOrigins: [pageOrigin],
              allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
              allowHeaders: ['authorization', 'content-type'],
              maxAge: Duration.hours(1),
            },
          }
        : {}),
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      throttle: { rateLimit: throttle.rate, burstLimit: throttle.burst },
      detailedMetricsEnabled: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          // Under this prefix CloudWatch Logs needs no entry of its own in its resource policy, which is limited.
          this.log('AccessLog', `/aws/vendedlogs/apis/${names.api}`),
        ),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    this.url = stage.url;
    this.stage = stage;

    for (const route of ROUTES) {
      const read = pipelines.filter((pipeline) => this.isAbout(route, pipeline));
      if (!read.length) continue;
      const integration = new HttpLambdaIntegration(`${route.folder}-integration`, this.handler(route, read));
      const { method, scope } = route;
      for (const { path, pipelines: asked, open } of pathsOf(route, read, page !== undefined)) {
        const made = api.addRoutes({
          path,
          methods: [method === 'GET' ? HttpMethod.GET : HttpMethod.POST],
          integration,
          ...(scope && !open
            ? // Any of them lets a token pass: the handler looks for the one of the path's pipeline.
              {
                authorizer: props.authorizer,
                authorizationScopes: asked.map(({ name }) => scopeName(name, scope.action)),
              }
            : { authorizer: new HttpNoneAuthorizer() }),
        });
        if (open && page) hold(stage, `${method} ${path}`, page.throttle, made);
      }
    }
  }

  private isAbout({ scope, endpoint }: Route, { name }: Pipeline): boolean {
    if (endpoint && !this.props.environment.pipelines[name]?.endpoint) return false;
    return scope?.pipeline === undefined || scope.pipeline === name;
  }

  /** The function of a route. Its role has the calls the route makes, to what these pipelines have. */
  private handler(route: Route, read: readonly Pipeline[]): LambdaFunction {
    const { names, assets, tokenUrl } = this.props;
    const scope = new Construct(this, route.folder);
    const functionName = names.functionOf(route.folder);
    const log = this.log(`${route.folder}-Log`, `/aws/lambda/${functionName}`);
    const role = new Role(scope, 'Role', {
      description: `${route.method} ${route.path} of ${names.api}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    log.grantWrite(role);
    if (route.dynamodb.length)
      role.addToPolicy(
        new PolicyStatement({
          actions: route.dynamodb.map((call) => `dynamodb:${call}`),
          resources: read.map((pipeline) => this.tableArn(pipeline)),
        }),
      );
    if (route.endpoint)
      role.addToPolicy(
        new PolicyStatement({
          actions: ['sagemaker:InvokeEndpoint'],
          resources: read.map((pipeline) => this.endpointArn(pipeline)),
        }),
      );
    return new LambdaFunction(scope, 'Function', {
      functionName,
      description: `Presage: ${route.method} ${route.path}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(assets, route.folder)),
      handler: 'handler.handler',
      role,
      // A model takes longer than a table; the gateway waits for 30 seconds.
      timeout: Duration.seconds(route.endpoint ? 29 : 10),
      // The processor a function gets grows with its memory, and somebody waits for a cold start.
      memorySize: 1024,
      tracing: Tracing.ACTIVE,
      logGroup: log,
      environment: {
        POWERTOOLS_SERVICE_NAME: functionName,
        ...(route.folder === 'api-openapi' ? { TOKEN_URL: tokenUrl } : {}),
      },
    });
  }

  private tableArn({ name }: Pipeline): string {
    return Stack.of(this).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: pipelineNames(this.props.environment, name).predictionTable,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  private endpointArn({ name }: Pipeline): string {
    return Stack.of(this).formatArn({
      service: 'sagemaker',
      resource: 'endpoint',
      resourceName: pipelineNames(this.props.environment, name).endpoint,
    });
  }

  private log(id: string, logGroupName: string): LogGroup {
    return new LogGroup(this, id, {
      logGroupName,
      retention: this.props.environment.retentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/** Gives a route that needs no token a throttle of its own, so that those who call it cannot use up everybody's. */
function hold(stage: HttpStage, route: string, { rate, burst }: { rate: number; burst: number }, made: HttpRoute[]) {
  const cfnStage = stage.node.defaultChild as CfnStage;
  cfnStage.addPropertyOverride(`RouteSettings.${route}`, {
    ThrottlingRateLimit: rate,
    ThrottlingBurstLimit: burst,
    DetailedMetricsEnabled: true,
  });
  // The gateway refuses settings of a route that there is not yet.
  for (const one of made) cfnStage.node.addDependency(one);
}
