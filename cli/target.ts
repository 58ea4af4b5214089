import type { Whereabouts } from '#cli/local/address.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { type Environment, environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';

/** How an SDK client of this command is made, and whose environment it talks to. */
export interface Target {
  environment: Environment;
  account: string;
  lake: ReturnType<typeof lakeNames>;
  /** Configuration for `new …Client(…)`. */
  client: {
    region: string;
    endpoint?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string };
    requestChecksumCalculation?: 'WHEN_REQUIRED';
    maxAttempts?: number;
  };
  /** Folder of recorded mails; undefined in AWS, where they are really sent. */
  outbox?: string;
  /** Milliseconds between two looks at a running execution or query. */
  pollMs: number;
}

export const environmentNamed = (name: string): Environment =>
  (environments as Record<string, Environment>)[name] as Environment;

/** The local cloud as a target. Its clients never look at a person's AWS settings. */
export function localTarget(cloud: Pick<Whereabouts, 'endpoint' | 'outbox'>): Target {
  const environment = environments.local;
  return {
    environment,
    account: environment.account,
    lake: lakeNames(environment, environment.account),
    client: {
      region: environment.region,
      endpoint: cloud.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    },
    outbox: cloud.outbox,
    pollMs: 400,
  };
}

/**
 * An environment in AWS as a target, with the default chain of credentials (profile, SSO, role). They must belong to
 * the environment's account: the wrong profile is the easiest mistake of all.
 */
export async function awsTarget(environment: Environment): Promise<Target> {
  const { account, name, region } = environment;
  if (!account)
    throw new Problem(
      `The environment ${name} has no account: set its twelve digits in lib/environments.ts and deploy it with \`npx cdk deploy '${name}/*'\`.`,
      2,
    );
  const found = await callerAccount(region);
  if (found !== account)
    throw new Problem(
      `The credentials belong to account ${found}, the environment ${name} is in ${account}: choose the right profile with AWS_PROFILE.`,
    );
  return { environment, account, lake: lakeNames(environment, account), client: { region }, pollMs: 3_000 };
}

/** The account of the present credentials. Problem when there are none. */
export async function callerAccount(region: string): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  try {
    const { Account } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
    return Account ?? '';
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `No usable AWS credentials (${why}): log in, for example with \`aws sso login\`, or set AWS_PROFILE.`,
    );
  }
}
