import { beforeAll, describe, expect, it } from 'vitest';
import { pathsOf, ROUTES } from '#lambdas/shared/http/routes.ts';
import { type Environment, environments } from '#lib/environments.ts';
import { flatten, type Json, resourcesOf, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

const PIPELINES = Object.keys(environments.dev.pipelines);
const SCORED = ['buyer-stage', 'conversion-rate', 'propensity', 'reorder'];
/** Routes that nobody needs a token for. */
const OPEN = /^(GET \/(health|openapi\.json)|POST \/page\/.+)$/;
const dev: Environment = { ...environments.dev, account: '111111111111' };

/** The templates that a run of vouchers alone needs, with the API and without it. */
const synth = (environment: Environment, context: Record<string, string>) =>
  synthTemplates({ environments: { [environment.name]: environment }, context: { pipeline: 'vouchers', ...context } });

let template: Template;
beforeAll(async () => {
  template = (await synth(dev, { serving: 'true' }))['presage-dev-serving'] as Template;
}, SYNTH_MS);

const only = (type: string, of = template): Json => {
  const found = resourcesOf(of, type);
  expect(found).toHaveLength(1);
  return found[0]?.Properties;
};
const routes = () => resourcesOf(template, 'AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties);

describe('the stack of the API', () => {
  it(
    'is not there when a pipeline is deployed alone, as a run does, or when the environment wants none',
    async () => {
      const { serving: _, ...without } = dev;
      expect(Object.keys(await synth(dev, {}))).not.toContain('presage-dev-serving');
      expect(Object.keys(await synth(without, { serving: 'true' }))).not.toContain('presage-dev-serving');
    },
    SYNTH_MS,
  );

  it('takes nothing from another stack but names', () => {
    expect(JSON.stringify(template)).not.toContain('Fn::ImportValue');
  });
});

describe('a request', () => {
  it('finds every route of the table', () => {
    const keys = routes().map(({ RouteKey }) => RouteKey);
    const scored = SCORED.map((name) => ({ name }));
    const wanted = ROUTES.flatMap((route) =>
      pathsOf(route, route.endpoint ? scored : [], true).map(({ path }) => `${route.method} ${path}`),
    );
    expect(keys.sort()).toEqual(wanted.sort());
    expect(keys).toEqual(expect.arrayContaining(SCORED.map((name) => `POST /${name}/score`)));
    const ofThePage = keys.filter((key) => key.startsWith('POST /page/'));
    expect(ofThePage).toEqual(['POST /page/reorder/score', 'POST /page/vouchers']);
  });

  it('needs a token with a scope of a pipeline it may be about, but for health, the contract and the page', () => {
    for (const { RouteKey, AuthorizationType, AuthorizationScopes = [] } of routes()) {
      const open = OPEN.test(RouteKey);
      expect([RouteKey, AuthorizationType]).toEqual([RouteKey, open ? 'NONE' : 'JWT']);
      const [, scored] = /^POST \/([^/]+)\/score$/.exec(RouteKey) ?? [];
      const read = open ? [] : RouteKey === 'POST /vouchers' ? ['vouchers'] : PIPELINES;
      const wanted = scored ? [`presage/${scored}.score`] : read.map((name) => `presage/${name}.read`);
      expect([RouteKey, [...AuthorizationScopes].sort()]).toEqual([RouteKey, wanted.sort()]);
    }
  });

  it(
    'of the page has a throttle for all visitors together, below everybody’s, and there is no page unless it is wanted',
    async () => {
      const stage = resourcesOf(template, 'AWS::ApiGatewayV2::Stage')[0] as unknown as Json;
      const held = stage.Properties.RouteSettings;
      const open = routes().flatMap(({ RouteKey }) => (RouteKey.startsWith('POST /page/') ? [RouteKey] : []));
      expect(Object.keys(held).sort()).toEqual(open.sort());
      for (const settings of Object.values(held))
        expect(settings).toEqual({ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10, DetailedMetricsEnabled: true });
      const made = resourcesOf(template, 'AWS::ApiGatewayV2::Route').filter((r) =>
        open.includes(r.Properties.RouteKey),
      );
      expect(stage.DependsOn).toEqual(expect.arrayContaining(made.map(({ id }) => id)));

      const { page: _, ...serving } = environments.dev.serving;
      const without = (await synth({ ...dev, serving }, { serving: 'true' }))['presage-dev-serving'] as Template;
      expect(JSON.stringify(without)).not.toContain('POST /page');
      expect(only('AWS::ApiGatewayV2::Stage', without).RouteSettings).toBeUndefined();
    },
    SYNTH_MS,
  );

  it('is held back when there are too many', () => {
    expect(only('AWS::ApiGatewayV2::Stage').DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: 100,
      ThrottlingBurstLimit: 200,
    });
  });

  it('leaves a line without path, key, query or body in a log that expires', () => {
    const { AccessLogSettings } = only('AWS::ApiGatewayV2::Stage');
    const log = template.Resources[AccessLogSettings.DestinationArn['Fn::GetAtt'][0]];
    expect(log?.Properties.RetentionInDays).toBe(90);
    expect(AccessLogSettings.Format).toContain('$context.routeKey');
    expect(AccessLogSettings.Format).not.toMatch(/\$context\.(path|http|identity)|query|body|header/i);
  });

  it(
    'of a page in a browser is answered only where the environment names its origin',
    async () => {
      expect(only('AWS::ApiGatewayV2::Api').CorsConfiguration).toBeUndefined();
      const serving = { throttle: { rate: 1, burst: 1 }, tokenMinutes: 5, pageOrigin: 'https://page.example.com' };
      const made = (await synth({ ...dev, serving }, { serving: 'true' }))['presage-dev-serving'] as Template;
      expect(only('AWS::ApiGatewayV2::Api', made).CorsConfiguration).toMatchObject({
        AllowOrigins: ['https://page.example.com'],
        AllowMethods: ['GET', 'POST'],
      });
    },
    SYNTH_MS,
  );
});

describe('tokens', () => {
  it('are given to a client with a secret, for its scopes, in no other way', () => {
    const client = only('AWS::Cognito::UserPoolClient');
    expect(client).toMatchObject({ GenerateSecret: true, AllowedOAuthFlows: ['client_credentials'] });
    expect(client.ExplicitAuthFlows ?? []).not.toContain('ALLOW_USER_PASSWORD_AUTH');
    expect(client.AllowedOAuthScopes).toHaveLength(only('AWS::Cognito::UserPoolResourceServer').Scopes.length);
    expect(client.AccessTokenValidity).toBe(60);
  });

  it('have a scope per pipeline and action: to read, and to score where there is a model', () => {
    const scopes = only('AWS::Cognito::UserPoolResourceServer').Scopes.map((scope: Json) => scope.ScopeName);
    const models = PIPELINES.filter((name) => name !== 'vouchers');
    expect(scopes.sort()).toEqual([...PIPELINES.map((n) => `${n}.read`), ...models.map((n) => `${n}.score`)].sort());
  });

  it('are taken from this environment’s pool, for this client', () => {
    const { JwtConfiguration } = only('AWS::ApiGatewayV2::Authorizer');
    const [pool] = resourcesOf(template, 'AWS::Cognito::UserPool');
    const [client] = resourcesOf(template, 'AWS::Cognito::UserPoolClient');
    expect(flatten(JwtConfiguration.Issuer)).toBe(`https://cognito-idp.eu-west-1.amazonaws.com/${pool?.id}`);
    expect(JwtConfiguration.Audience).toEqual([{ Ref: client?.id }]);
  });

  it('need a secret that is in no template', () => {
    const { SecretString } = only('AWS::SecretsManager::Secret');
    expect(JSON.stringify(SecretString)).toMatch(/"Fn::GetAtt":\["\w+","ClientSecret"\]/);
  });
});

describe('a handler', () => {
  it('may read the tables of the pipelines it serves, by the calls it makes, and write its own log: nothing else', () => {
    // The page's files are uploaded by a function of CDK's, which is no handler.
    const ours = resourcesOf(template, 'AWS::IAM::Policy').filter(({ id }) => !id.startsWith('CustomCDK'));
    const roles = ours.map(({ Properties }) => ({
      role: Properties.Roles[0].Ref as string,
      statements: Properties.PolicyDocument.Statement as Json[],
    }));
    expect(roles).toHaveLength(ROUTES.length);
    const called = roles.flatMap(({ statements }) =>
      statements.filter(({ Action }) => Action === 'sagemaker:InvokeEndpoint'),
    );
    expect(called.flatMap(({ Resource }) => Resource).map((arn) => flatten(arn).split(':endpoint/')[1])).toEqual(
      SCORED.map((name) => `presage-dev-${name}`),
    );
    for (const { role, statements } of roles) {
      const reads = statements.filter(({ Action }) => JSON.stringify(Action).includes('dynamodb'));
      const others = statements.filter((one) => !reads.includes(one)).flatMap(({ Action }) => Action);
      expect([role, others.sort()]).toEqual([
        role,
        [
          'logs:CreateLogStream',
          'logs:PutLogEvents',
          ...(/score/.test(role) ? ['sagemaker:InvokeEndpoint'] : []),
          'xray:PutTelemetryRecords',
          'xray:PutTraceSegments',
        ],
      ]);
      const tables = reads.flatMap(({ Resource }) => Resource).map((arn) => flatten(arn).split(':table/')[1]);
      const pipelines = /health|openapi|score/.test(role) ? [] : /voucher/.test(role) ? ['vouchers'] : PIPELINES;
      expect([role, tables.sort()]).toEqual([role, pipelines.map((name) => `presage-dev-${name}-predictions`).sort()]);
      for (const { Action } of reads) expect(JSON.stringify(Action)).not.toMatch(/Put|Update|Delete|Write|Scan|\*/);
    }
  });
});
