import { DescribeEndpointCommand, DescribeEndpointConfigCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { consoleLinks } from '#cli/status/console.ts';
import { ago, type Part, part } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';
import { pipelineNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/** The endpoint of each pipeline that has one, and the model it serves. */
export function endpointParts(target: Target, pipelines: readonly Pipeline[], now: number): Promise<Part[]> {
  const sagemaker = new SageMakerClient(target.client);
  const { environment } = target;
  return Promise.all(
    pipelines
      .filter(({ name }) => environment.pipelines[name]?.endpoint)
      .map((pipeline) => {
        const name = pipelineNames(environment, pipeline.name).endpoint;
        return part('endpoints', name, 'sagemaker:DescribeEndpoint', () => endpoint(sagemaker, target, name, now));
      }),
  );
}

async function endpoint(
  sagemaker: SageMakerClient,
  target: Target,
  EndpointName: string,
  now: number,
): Promise<Omit<Part, 'group' | 'name'>> {
  const link = consoleLinks(target).endpoint(EndpointName);
  const found = await sagemaker.send(new DescribeEndpointCommand({ EndpointName })).catch((error: Error) => {
    if (/could not find/i.test(error.message)) return undefined;
    throw error;
  });
  if (!found) return { state: 'note', says: 'not there yet: the first run makes it', facts: { status: null } };
  const { EndpointStatus: status = 'Unknown', EndpointConfigName, FailureReason, LastModifiedTime } = found;
  const { ProductionVariants = [] } = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
  const model = ProductionVariants[0]?.ModelName ?? null;
  const when = LastModifiedTime ? `, ${ago(LastModifiedTime, now)}` : '';
  return {
    state: status === 'InService' ? 'ok' : /^(Creating|Updating|SystemUpdating)$/.test(status) ? 'note' : 'wrong',
    says: `${status} with ${model ?? 'no model'}${when}${FailureReason ? `: ${FailureReason}` : ''}`,
    link,
    facts: { status, model },
  };
}
