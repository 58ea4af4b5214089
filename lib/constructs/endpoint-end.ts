import { CustomResource, Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/**
 * Ends an endpoint with its stack, or when the environment wants none any more: runs make it, so CloudFormation would
 * leave it behind, and whoever keeps it warm would go on paying.
 */
export class EndpointEnd extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { endpointName: string; remove: { fn: IFunction; timeout: Duration } },
  ) {
    super(scope, id);
    const { endpointName, remove } = props;
    new CustomResource(this, 'Resource', {
      resourceType: 'Custom::PresageEndpointEnd',
      serviceToken: remove.fn.functionArn,
      serviceTimeout: remove.timeout.plus(Duration.minutes(1)),
      properties: { EndpointName: endpointName },
    });
  }
}
