import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { consoleLinks } from '#cli/status/console.ts';
import { ago, type Part, part, secondsSince } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';
import { lakeNames, pipelineNames, servingNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** Every stack that the environment should have. */
export function stackParts(target: Target, pipelines: readonly Pipeline[], now: number): Promise<Part[]> {
  const { account, client, environment } = target;
  const cloudformation = new CloudFormationClient(client);
  const names = [
    `${lakeNames(environment, account).prefix}-lake`,
    ...pipelines.flatMap(({ name, model }) => {
      const { etlStack, mlStack } = pipelineNames(environment, name);
      return model ? [etlStack, mlStack] : [etlStack];
    }),
    ...(environment.serving ? [servingNames(environment, account).stack] : []),
  ];
  return Promise.all(
    names.map((name) =>
      part('stacks', name, 'cloudformation:DescribeStacks', async () => {
        const stack = await stackNamed(cloudformation, name);
        return stack ? told(target, stack, now) : absent(target);
      }),
    ),
  );
}

/** Undefined when there is no such stack. */
export async function stackNamed(client: CloudFormationClient, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks?.[0];
  } catch (error) {
    if (/does not exist/.test(String(error))) return undefined;
    throw error;
  }
}

/** On the laptop each pipeline is deployed when it is wanted; in AWS all of an environment is. */
function absent({ client, environment }: Target): Omit<Part, 'group' | 'name'> {
  return client.endpoint
    ? { state: 'note', says: 'not deployed: `npx presage up` does', facts: { status: null } }
    : { state: 'wrong', says: `not deployed: \`npx cdk deploy '${environment.name}/*'\``, facts: { status: null } };
}

function told(target: Target, stack: Stack, now: number): Omit<Part, 'group' | 'name'> {
  const { StackStatus: status = 'unknown', StackStatusReason: reason, StackId = '' } = stack;
  const changed = stack.LastUpdatedTime ?? stack.CreationTime ?? new Date(now);
  const good = /^(CREATE|UPDATE|IMPORT)_COMPLETE(_CLEANUP_IN_PROGRESS)?$/.test(status);
  const working = /_IN_PROGRESS$/.test(status) && !/ROLLBACK/.test(status);
  return {
    state: good ? 'ok' : working ? 'note' : 'wrong',
    says: `${status}, ${ago(changed, now)}${good || !reason ? '' : `: ${reason}`}`,
    link: consoleLinks(target).stack(StackId),
    facts: { status, changed: changed.toISOString(), ageSeconds: secondsSince(changed, now) },
  };
}
