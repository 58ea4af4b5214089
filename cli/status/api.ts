import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { addressOf } from '#cli/serving.ts';
import { type Part, part } from '#cli/status/part.ts';
import { stackNamed } from '#cli/status/stacks.ts';
import type { Target } from '#cli/target.ts';
import { servingNames } from '#lib/names.ts';

const PATIENCE_MS = 10_000;

/** Whether the API of the environment answers. */
export async function apiParts(target: Target): Promise<Part[]> {
  const { account, client, environment } = target;
  if (!environment.serving) return [];
  const { api, stack: name } = servingNames(environment, account);
  return [
    await part('api', api, 'cloudformation:DescribeStacks', async () => {
      const stack = await stackNamed(new CloudFormationClient(client), name);
      const url = addressOf(target, stack?.Outputs);
      if (!url) return { state: 'note', says: 'not deployed', facts: { url: null, health: null } };
      const health = await healthOf(url);
      return {
        state: health === 'ok' ? 'ok' : 'wrong',
        says: `${url}: /health says ${health}`,
        link: client.endpoint ? undefined : `${url}/openapi.json`,
        facts: { url, health },
      };
    }),
  ];
}

/** `ok`, or why it is not. */
async function healthOf(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return `status ${response.status}`;
    return String(((await response.json()) as { status?: string }).status);
  } catch (error) {
    const { cause, message } = error as Error;
    return `nothing (${cause instanceof Error ? cause.message : message})`;
  }
}
