import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Grant } from '#lambdas/shared/steps.ts';

export type EndpointGrant = Extract<Grant, 'updateEndpoint' | 'watchEndpoint' | 'removeEndpoint'>;

/** ARNs of the one endpoint of a pipeline, and of all configurations and models that its runs make. */
export interface EndpointArns {
  endpoint: string;
  configs: string[];
  models: string[];
}

/** What the steps of an endpoint may do with it. */
export function endpointStatements(
  grant: EndpointGrant,
  { endpoint, configs, models }: EndpointArns,
): PolicyStatement[] {
  const allow = (calls: string[], resources: string[]) =>
    new PolicyStatement({ actions: calls.map((call) => `sagemaker:${call}`), resources });
  // A list: it knows no resource.
  const unused = [allow(['DeleteEndpointConfig'], configs), allow(['ListEndpointConfigs'], ['*'])];
  switch (grant) {
    case 'updateEndpoint':
      return [
        allow(['DescribeModel'], models),
        allow(['CreateEndpointConfig', 'DescribeEndpointConfig', 'AddTags'], configs),
        // Both know the endpoint and its configuration as their resources.
        allow(['CreateEndpoint', 'UpdateEndpoint'], [endpoint, ...configs]),
        allow(['DescribeEndpoint', 'DeleteEndpoint', 'AddTags'], [endpoint]),
      ];
    case 'watchEndpoint':
      return [allow(['DescribeEndpoint'], [endpoint]), ...unused];
    case 'removeEndpoint':
      return [allow(['DescribeEndpoint', 'DeleteEndpoint'], [endpoint]), ...unused];
  }
}
