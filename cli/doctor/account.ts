import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Check } from '#cli/doctor/machine.ts';
import { callerAccount } from '#cli/target.ts';
import type { Environment } from '#lib/environments.ts';
import { pipelineNames } from '#lib/names.ts';

/** Whether an AWS environment can be deployed to and run. Only reads. */
export async function checkAccount(environment: Environment): Promise<Check[]> {
  const { account, name, region } = environment;
  const checks: Check[] = [
    account
      ? { name: 'Account', found: `${account}, ${region}` }
      : {
          name: 'Account',
          found: `${name} has none`,
          fix: `set the twelve digits of environments.${name}.account in lib/environments.ts`,
        },
  ];
  const found = await callerAccount(region).catch((error: Error) => error);
  if (found instanceof Error) {
    checks.push({ name: 'Credentials', found: 'none that work', fix: found.message });
    return checks;
  }
  if (account && found !== account) {
    checks.push({
      name: 'Credentials',
      found: `of account ${found}, not ${account}`,
      fix: 'choose the right profile: AWS_PROFILE=… npx presage …',
    });
    return checks;
  }
  checks.push({ name: 'Credentials', found: `of account ${found}` }, await bootstrapped(found, region));
  if (usesSpot(environment)) checks.push(spotRole());
  if (account)
    for (const pipeline of Object.keys(environment.pipelines)) checks.push(await deployed(environment, pipeline));
  return checks;
}

async function bootstrapped(account: string, region: string): Promise<Check> {
  const name = 'CDK bootstrap';
  const fix = `run \`npx cdk bootstrap aws://${account}/${region}\``;
  try {
    const client = new CloudFormationClient({ region });
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
    const status = Stacks?.[0]?.StackStatus ?? 'unknown';
    return /_COMPLETE$/.test(status) && !/ROLLBACK_COMPLETE$|DELETE/.test(status)
      ? { name, found: status }
      : { name, found: `CDKToolkit is ${status}`, fix };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/does not exist/.test(message)) return { name, found: 'not done in this account and region', fix };
    return { name, found: message, fix: 'allow cloudformation:DescribeStacks, or ask whoever manages the account' };
  }
}

const usesSpot = (environment: Environment) =>
  Object.values(environment.pipelines).some(({ capacity }) => capacity.emr.attempts > 1);

/** Reading roles needs IAM rights that few have, so this is named and not checked. */
const spotRole = (): Check => ({
  name: 'Roles for EMR',
  found:
    'AWSServiceRoleForEC2Spot and AWSServiceRoleForEMRCleanup must exist; not looked up. If a cluster is refused: ' +
    'aws iam create-service-linked-role --aws-service-name spot.amazonaws.com (and elasticmapreduce.amazonaws.com)',
});

async function deployed(environment: Environment, pipeline: string): Promise<Check> {
  const { account, name: environmentName, region } = environment;
  const { etlMachine } = pipelineNames(environment, pipeline);
  const fix = `run \`npx cdk deploy '${environmentName}/*'\``;
  try {
    const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${etlMachine}`;
    const { status } = await new SFNClient({ region }).send(new DescribeStateMachineCommand({ stateMachineArn }));
    return status === 'ACTIVE' ? { name: pipeline, found: 'deployed' } : { name: pipeline, found: `${status}`, fix };
  } catch (error) {
    const missing = error instanceof Error && error.name === 'StateMachineDoesNotExist';
    return { name: pipeline, found: missing ? 'not deployed' : String(error), fix };
  }
}
