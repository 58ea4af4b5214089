import { CloudFormationClient, type Stack } from '@aws-sdk/client-cloudformation';
import { addressOf } from '#cli/serving.ts';
import { type Part, part } from '#cli/status/part.ts';
import { stackNamed } from '#cli/status/stacks.ts';
import type { Target } from '#cli/target.ts';
import { servingNames } from '#lib/names.ts';

const PATIENCE_MS = 10_000;

/** Whether the API of the environment answers, and its page where it is public. */
export async function apiParts(target: Target): Promise<Part[]> {
  const { account, client, environment } = target;
  if (!environment.serving) return [];
  const { api, stack: name } = servingNames(environment, account);
  const cloudformation = new CloudFormationClient(client);
  const asked = (title: string, of: (stack: Stack) => string | undefined, look: (url: string) => Promise<string>) =>
    part('api', title, 'cloudformation:DescribeStacks', async () => {
      const stack = await stackNamed(cloudformation, name);
      const url = stack && of(stack);
      if (!url) return { state: 'note', says: 'not deployed', facts: { url: null, health: null } };
      const health = await look(url);
      return { state: health === 'ok' ? 'ok' : 'wrong', says: `${url}: ${health}`, facts: { url, health } };
    });
  const output = (wanted: string) => (stack: Stack) =>
    stack.Outputs?.find(({ OutputKey }) => OutputKey === wanted)?.OutputValue;
  const parts = [
    asked(
      api,
      ({ Outputs }) => addressOf(target, Outputs),
      (url) => answerOf(`${url}/health`, saysOk),
    ),
  ];
  // On the laptop `presage up` gives the page out, which is told above all parts.
  if (environment.serving.page && !client.endpoint)
    parts.push(asked(`${api} page`, output('PageUrl'), (url) => answerOf(url, async () => true)));
  return Promise.all(parts);
}

const saysOk = async (response: Response) => ((await response.json()) as { status?: string }).status === 'ok';

/** `ok`, or why it is not. */
async function answerOf(url: string, isGood: (response: Response) => Promise<boolean>): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return `answers with ${response.status}`;
    return (await isGood(response)) ? 'ok' : 'is not well';
  } catch (error) {
    const { cause, message } = error as Error;
    return `does not answer (${cause instanceof Error ? cause.message : message})`;
  }
}
