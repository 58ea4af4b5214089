import {
  DeleteEndpointConfigCommand,
  DescribeEndpointCommand,
  type DescribeEndpointCommandOutput,
  ListEndpointConfigsCommand,
} from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

/**
 * The endpoint of a pipeline: what the steps that change, watch and remove it share.
 *
 * Its configurations are made by runs and cannot be changed: each model gets one. Which one is in use says which model is
 * served, because a variant has its model's name.
 */

/** Loop, job and entry in `jobs`. */
export const ENDPOINT = 'endpoint';
/** Id of a job that began with waiting: somebody else's change was under way. */
export const WAITING = 'waiting';

/** Nothing can be asked of an endpoint in one of these. */
export const UNDER_WAY = ['Creating', 'Updating', 'SystemUpdating', 'RollingBack', 'Deleting'];

export type Endpoint = DescribeEndpointCommandOutput;

/** What the environment says of the endpoint. Only functions of a machine that has one are made with it. */
export function endpointSettings() {
  const { endpoint } = getSettings();
  if (!endpoint) throw new Error('The environment has no endpoint for this pipeline');
  return endpoint;
}

export async function describeEndpoint(EndpointName: string): Promise<Endpoint | undefined> {
  try {
    return await sagemaker.send(new DescribeEndpointCommand({ EndpointName }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What SageMaker calls something it does not find. */
export const isMissing = (error: unknown) =>
  isNamed(error, 'ResourceNotFound', 'ResourceNotFoundException') ||
  (isNamed(error, 'ValidationException') && /could not find|does not exist/i.test(error.message));

/** Name of the model that an endpoint answers with. */
export const servedModel = ({ ProductionVariants }: Endpoint) => ProductionVariants?.[0]?.VariantName;

/**
 * Deletes the pipeline's configurations, all but the one in use. Only where nothing is under way: that one could be any.
 * Those of a run that was killed go too.
 */
export async function deleteConfigs(inUse?: string): Promise<void> {
  const prefix = `${getSettings().sagemakerPrefix}-`;
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await sagemaker.send(new ListEndpointConfigsCommand({ NameContains: prefix, NextToken }));
    names.push(...(page.EndpointConfigs ?? []).flatMap(({ EndpointConfigName }) => EndpointConfigName ?? []));
    ({ NextToken } = page);
  } while (NextToken);
  for (const EndpointConfigName of names) {
    if (EndpointConfigName === inUse || !EndpointConfigName.startsWith(prefix)) continue;
    await sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName })).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
}
