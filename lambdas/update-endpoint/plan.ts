import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  DeleteEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import {
  type Endpoint,
  endpointSettings,
  isMissing,
  servedModel,
  UNDER_WAY,
  WAITING,
} from '#lambdas/shared/endpoint.ts';
import { isNamed, stepError } from '#lambdas/shared/errors.ts';
import { NO_JOB } from '#lambdas/shared/jobs.ts';
import type { Run, Served } from '#lambdas/shared/payload.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { dayOfEndpointConfig } from '#lib/names.ts';

interface Wanted {
  name: string;
  model: string;
  config: string;
}

interface Plan {
  decision: Served['decision'];
  /** The model that is served afterwards, if not this run's. */
  serves?: string | undefined;
  notice?: string;
  /** Gives the id of the job: the configuration asked for, `WAITING` or `NO_JOB`. */
  work: () => Promise<string>;
}

/** What is to be done with the endpoint as it is, so that it serves the model of the run. */
export async function planFor(run: Run, there: Endpoint | undefined, wanted: Wanted): Promise<Plan> {
  const { name, model, config } = wanted;
  const EndpointName = name;
  if (!there)
    return {
      decision: 'created',
      work: async () => {
        await makeConfig(run, wanted);
        const request = { EndpointName, EndpointConfigName: config, Tags: tagsOf(run) };
        await sagemaker.send(new CreateEndpointCommand(request)).catch(unlessThere);
        return config;
      },
    };

  const { EndpointStatus: status = 'unknown', EndpointConfigName: current = '', FailureReason } = there;
  const decision = status === 'Creating' ? 'created' : 'updated';
  if (UNDER_WAY.includes(status)) {
    const mine = [current, there.PendingDeploymentSummary?.EndpointConfigName].includes(config);
    return { decision, work: async () => (mine ? config : WAITING) };
  }
  if (status === 'Failed')
    // It serves nothing, and deleting is all that SageMaker allows.
    return {
      decision: 'created',
      work: async () => {
        await sagemaker.send(new DeleteEndpointCommand({ EndpointName }));
        return WAITING;
      },
    };
  if (status !== 'InService')
    throw stepError(
      'EndpointNotUpdated',
      `The endpoint ${name} is ${status}${FailureReason ? ` (${FailureReason})` : ''}, which no run can mend. Delete it (aws sagemaker delete-endpoint --endpoint-name ${name}): the next run makes it anew.`,
    );

  if (current === config) return { decision, work: async () => config };
  const day = dayOfEndpointConfig(current);
  const serves = servedModel(there);
  const left = async () => NO_JOB;
  if (day !== undefined && day > run.runDate) {
    const notice = `The endpoint ${name} goes on serving ${serves}, which it was given for ${day}: a run for an earlier day leaves it`;
    return { decision: 'left', serves, notice, work: left };
  }
  if (await servesAsWanted(current, model)) return { decision: 'kept', work: left };
  return {
    decision,
    work: async () => {
      await makeConfig(run, wanted);
      await sagemaker.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName: config }));
      return config;
    },
  };
}

function serverless() {
  const { memoryMb, maxConcurrency, provisionedConcurrency } = endpointSettings();
  return {
    MemorySizeInMB: memoryMb,
    MaxConcurrency: maxConcurrency,
    ...(provisionedConcurrency === undefined ? {} : { ProvisionedConcurrency: provisionedConcurrency }),
  };
}

/** This model, with the memory and the concurrency that the environment says now. */
async function servesAsWanted(EndpointConfigName: string, model: string): Promise<boolean> {
  try {
    const { ProductionVariants } = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
    const [variant] = ProductionVariants ?? [];
    const has = variant?.ServerlessConfig;
    const wants = serverless();
    return (
      variant?.ModelName === model &&
      has?.MemorySizeInMB === wants.MemorySizeInMB &&
      has.MaxConcurrency === wants.MaxConcurrency &&
      has.ProvisionedConcurrency === wants.ProvisionedConcurrency
    );
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function makeConfig(run: Run, { model, config }: Wanted): Promise<void> {
  const { Containers = [] } = await sagemaker.send(new DescribeModelCommand({ ModelName: model }));
  if (Containers.length > 1)
    throw stepError(
      'EndpointNotUpdated',
      `The model ${model} has ${Containers.length} containers, and a serverless endpoint takes one: train in mode ENSEMBLING, or take the endpoint out of the environment.`,
    );
  await sagemaker
    .send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: config,
        // An answer names the variant that gave it: so it names the model.
        ProductionVariants: [{ VariantName: model, ModelName: model, ServerlessConfig: serverless() }],
        Tags: tagsOf(run),
      }),
    )
    .catch(unlessThere);
}

/** A retried step: the name is this execution's own, or the pipeline's. */
function unlessThere(error: unknown): void {
  const there = isNamed(error, 'ValidationException', 'ResourceInUse') && /already exist/i.test(error.message);
  if (!there) throw error;
}
