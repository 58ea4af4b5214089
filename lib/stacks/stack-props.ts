import type { StackProps } from 'aws-cdk-lib';
import type { Environment } from '#lib/environments.ts';

/** What every stack of an environment says about itself. Without an account the template is for any account. */
export function stackProps(environment: Environment, stackName: string, what: string): StackProps {
  return {
    stackName,
    description: `Presage ${environment.name}: ${what}`,
    env: { ...(environment.account ? { account: environment.account } : {}), region: environment.region },
    tags: { project: 'presage', environment: environment.name },
    terminationProtection: !environment.destroyData,
  };
}
