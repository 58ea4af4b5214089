import { CloudFormationClient, DescribeStacksCommand, type Output } from '@aws-sdk/client-cloudformation';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Problem } from '#cli/setup/problem.mjs';
import type { Target } from '#cli/target.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { RESOURCE_SERVER, servingNames } from '#lib/names.ts';

/** As lib/constructs/api-auth.ts keeps it. */
interface Client {
  clientId: string;
  clientSecret: string;
  tokenUrl: string;
}

const notDeployed = ({ environment: { name } }: Target) =>
  new Problem(`The environment ${name} has no API yet: its stack is presage-${name}-serving.`);

/** Where the API of an environment answers, without a slash at the end. */
export async function apiUrl(target: Target): Promise<string> {
  const { client, environment, account } = target;
  const StackName = servingNames(environment, account).stack;
  const stacks = await new CloudFormationClient(client)
    .send(new DescribeStacksCommand({ StackName }))
    .catch(() => undefined);
  const url = addressOf(target, stacks?.Stacks?.[0]?.Outputs);
  if (!url) throw notDeployed(target);
  return url;
}

/** The same of the stack's outputs; undefined without a stack. */
export function addressOf({ client }: Target, outputs: Output[] = []): string | undefined {
  const url = outputs.find(({ OutputKey }) => OutputKey === 'ApiUrl')?.OutputValue;
  if (!url) return undefined;
  // The local cloud answers for every API at its own address.
  const [id] = new URL(url).hostname.split('.');
  return client.endpoint ? `${client.endpoint}/_aws/execute-api/${id}/$default` : url.replace(/\/$/, '');
}

/** A token of the environment's own client, for all its scopes or for some: `reorder.read` is `presage/reorder.read`. */
export async function accessToken(target: Target, scopes: string[] = []): Promise<string> {
  const { clientId, clientSecret, tokenUrl } = await clientOf(target);
  const { endpoint } = target.client;
  const scope = scopes.map((name) => (name.includes('/') ? name : `${RESOURCE_SERVER}/${name}`)).join(' ');
  const response = await fetch(endpoint ? `${endpoint}/oauth2/token` : tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope ? { scope } : {}) }),
  });
  const { access_token, error } = (await response.json()) as { access_token?: string; error?: string };
  if (access_token) return access_token;
  const hint = error === 'invalid_scope' || error === 'invalid_grant' ? ': is the scope spelled right?' : '';
  throw new Problem(`There is no token to be had: ${error ?? `status ${response.status}`}${hint}`);
}

async function clientOf(target: Target): Promise<Client> {
  const { client, environment, account } = target;
  const SecretId = servingNames(environment, account).clientSecret;
  try {
    const { SecretString } = await new SecretsManagerClient(client).send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(SecretString ?? '{}') as Client;
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) throw notDeployed(target);
    throw error;
  }
}
