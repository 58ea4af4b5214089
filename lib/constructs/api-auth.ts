import { Duration, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import { HttpUserPoolAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import {
  type CfnUserPoolClient,
  OAuthScope,
  ResourceServerScope,
  UserPool,
  UserPoolClient,
  UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { RESOURCE_SERVER, type servingNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { scopesOf } from '#lib/serving/definition.ts';

export interface ApiAuthProps {
  names: ReturnType<typeof servingNames>;
  pipelines: readonly Pipeline[];
  tokenMinutes: number;
}

/**
 * Who may call the API: services with a client of the environment's user pool, by tokens of the client-credentials
 * grant. The pool has no people. Scopes are made per pipeline and action; the one client made here has them all, further
 * ones for other teams get theirs.
 *
 * A pool per environment: a token of another one has another issuer and another signature.
 */
export class ApiAuth extends Construct {
  readonly authorizer: HttpUserPoolAuthorizer;
  /** Where a client gets its token. */
  readonly tokenUrl: string;

  constructor(scope: Construct, id: string, { names, pipelines, tokenMinutes }: ApiAuthProps) {
    super(scope, id);
    const pool = new UserPool(this, 'Pool', {
      userPoolName: names.userPool,
      selfSignUpEnabled: false,
      passwordPolicy: {
        minLength: 16,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
      },
      // Nobody's data is in it, and whoever removes the API wants no tokens any more.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const domain = pool.addDomain('Domain', { cognitoDomain: { domainPrefix: names.domainPrefix } });

    const scopes = scopesOf(pipelines).map(
      ({ pipeline, action, says }) =>
        new ResourceServerScope({ scopeName: `${pipeline}.${action}`, scopeDescription: says }),
    );
    const server = new UserPoolResourceServer(this, 'Server', {
      userPool: pool,
      identifier: RESOURCE_SERVER,
      userPoolResourceServerName: names.api,
      scopes,
    });
    const client = new UserPoolClient(this, 'Client', {
      userPool: pool,
      userPoolClientName: names.client,
      generateSecret: true,
      // Clients get tokens by their secret and in no other way.
      disableOAuth: false,
      authFlows: {},
      oAuth: {
        flows: { clientCredentials: true },
        scopes: scopes.map((one) => OAuthScope.resourceServer(server, one)),
      },
      accessTokenValidity: Duration.minutes(tokenMinutes),
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
    });
    this.tokenUrl = `https://${domain.domainName}.auth.${Stack.of(this).region}.amazoncognito.com/oauth2/token`;
    this.authorizer = new HttpUserPoolAuthorizer('Authorizer', pool, {
      authorizerName: names.api,
      userPoolClients: [client],
    });

    // CloudFormation reads the secret when it deploys: it is in no template and no custom resource has it in its log.
    const { attrClientSecret } = client.node.defaultChild as CfnUserPoolClient;
    new Secret(this, 'ClientSecret', {
      secretName: names.clientSecret,
      description: `What a service needs for a token of ${names.api}`,
      secretObjectValue: {
        clientId: SecretValue.unsafePlainText(client.userPoolClientId),
        clientSecret: SecretValue.resourceAttribute(attrClientSecret),
        tokenUrl: SecretValue.unsafePlainText(this.tokenUrl),
      },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
