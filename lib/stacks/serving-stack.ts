import { Aws, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AccountCheck } from '#lib/constructs/account-check.ts';
import { ApiAuth } from '#lib/constructs/api-auth.ts';
import { Lake } from '#lib/constructs/lake.ts';
import { MailedAlarm } from '#lib/constructs/mailed-alarm.ts';
import { PredictionApi } from '#lib/constructs/prediction-api.ts';
import { Site } from '#lib/constructs/site.ts';
import type { Environment, ServingSettings } from '#lib/environments.ts';
import { servingNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { stackProps } from '#lib/stacks/stack-props.ts';

export interface ServingStackProps {
  environment: Environment;
  settings: ServingSettings;
  /** All of the environment; those that predict nothing are not served. */
  pipelines: readonly Pipeline[];
  /** Folder of the API's function assets. */
  assets: string;
  /** Folder with the built page, where there is one on CloudFront. */
  site?: string | undefined;
}

/** The predictions of all pipelines of an environment over HTTP, for services with a token, and the page for people. */
export class ServingStack extends Stack {
  constructor(scope: Construct, id: string, { environment, settings, assets, site, ...props }: ServingStackProps) {
    const names = servingNames(environment, environment.account ?? Aws.ACCOUNT_ID);
    super(scope, id, stackProps(environment, names.stack, 'the predictions of all pipelines over HTTP'));
    new AccountCheck(this, 'AccountCheck', environment);
    const pipelines = props.pipelines.filter(({ predictions }) => predictions);
    const auth = new ApiAuth(this, 'Auth', { names, pipelines, tokenMinutes: settings.tokenMinutes });
    const { authorizer, tokenUrl } = auth;
    const api = new PredictionApi(this, 'Api', {
      environment,
      settings,
      names,
      pipelines,
      assets,
      authorizer,
      tokenUrl,
    });
    const lake = Lake.named(this, environment);
    // A cold model answers 503 now and then, and nobody needs to get up for that.
    new MailedAlarm(this, 'ErrorsAlarm', {
      name: lake.names.prefix,
      about: 'api-errors',
      says: `The API of ${environment.name} answers with faults of its own (5xx).`,
      metric: api.stage.metricServerError({ period: Duration.minutes(5) }),
      atLeast: 10,
      periods: 2,
      alerts: lake.alerts,
    });
    new CfnOutput(this, 'ApiUrl', { value: api.url });
    if (site && settings.page) {
      const { url } = new Site(this, 'Site', { environment, settings: settings.page, folder: site, apiUrl: api.url });
      new CfnOutput(this, 'PageUrl', { value: url });
    }
  }
}
