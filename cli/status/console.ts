import type { Target } from '#cli/target.ts';

/** Pages of the AWS console; there are none of the local cloud. */
export function consoleLinks({ client: { endpoint }, environment: { region } }: Target) {
  const page = (service: string, place: string) =>
    endpoint ? undefined : `https://${region}.console.aws.amazon.com/${service}/home?region=${region}#${place}`;
  return {
    stack: (id: string) => page('cloudformation', `/stacks/stackinfo?stackId=${encodeURIComponent(id)}`),
    execution: (arn: string) => page('states', `/v2/executions/details/${arn}`),
    machine: (arn: string) => page('states', `/statemachines/view/${encodeURIComponent(arn)}`),
    alarm: (name: string) => page('cloudwatch', `alarmsV2:alarm/${encodeURIComponent(name)}`),
    table: (name: string) => page('dynamodbv2', `item-explorer?table=${encodeURIComponent(name)}`),
    endpoint: (name: string) => page('sagemaker', `/endpoints/${encodeURIComponent(name)}`),
  };
}
