import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Makes ARNs of the account and region of a stack: `arn('glue', 'table/db/name')`, `arn('states', 'execution:m:*', ':')`. */
export function arnsOf(scope: Construct) {
  const stack = Stack.of(scope);
  return (service: string, resource: string, separator: '/' | ':' = '/'): string => {
    const [type = '', ...rest] = resource.split(separator);
    return stack.formatArn({
      service,
      resource: type,
      ...(rest.length
        ? {
            resourceName: rest.join(separator),
            arnFormat: separator === ':' ? ArnFormat.COLON_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME,
          }
        : {}),
    });
  };
}
