import { DeleteEndpointCommand } from '@aws-sdk/client-sagemaker';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { deleteConfigs, describeEndpoint, endpointSettings, UNDER_WAY } from '#lambdas/shared/endpoint.ts';
import { logger, outside } from '#lambdas/shared/step.ts';

const WAIT_MS = 10_000;
/** The function ends a minute later. */
const AT_MOST_MS = 14 * 60_000;
const wait = () => new Promise((resolve) => setTimeout(resolve, WAIT_MS));

/**
 * The end of an endpoint. Runs make it, so CloudFormation does not know it: it would outlive its stack, and cost as long
 * as it is kept warm. CloudFormation calls this when the stack is deleted, and when the environment wants no endpoint any
 * more; making and changing the stack does nothing.
 *
 * Always answers: a stack that hears nothing waits for an hour.
 */
export const handler = outside<CloudFormationCustomResourceEvent, void>('remove-endpoint', async (event) => {
  const { name } = endpointSettings();
  try {
    if (event.RequestType === 'Delete') await remove(name);
    await tell(event, name, 'SUCCESS');
  } catch (error) {
    logger.error('not removed', error as Error);
    const reason = (error as Error).message;
    await tell(event, name, 'FAILED', `The endpoint ${name} has to be deleted by hand: ${reason}`);
  }
});

async function remove(EndpointName: string): Promise<void> {
  const started = Date.now();
  let status = (await describeEndpoint(EndpointName))?.EndpointStatus;
  // What is being changed cannot be deleted yet.
  while (status && status !== 'Deleting' && UNDER_WAY.includes(status)) {
    if (Date.now() - started > AT_MOST_MS) throw new Error(`it is still ${status}`);
    await wait();
    status = (await describeEndpoint(EndpointName))?.EndpointStatus;
  }
  if (status && status !== 'Deleting') await sagemaker.send(new DeleteEndpointCommand({ EndpointName }));
  await deleteConfigs();
}

async function tell(event: CloudFormationCustomResourceEvent, name: string, Status: string, Reason = Status) {
  const { StackId, RequestId, LogicalResourceId } = event;
  const content = { Status, Reason, PhysicalResourceId: name, StackId, RequestId, LogicalResourceId };
  // The address is signed for no content type, and fetch adds one to a text.
  const body = Buffer.from(JSON.stringify(content));
  const { status } = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  if (status >= 400) throw new Error(`CloudFormation took no answer: ${status}`);
}
