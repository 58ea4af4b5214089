import { DescribeModelCommand } from '@aws-sdk/client-sagemaker';
import { choose } from '#lambdas/choose-model/choice.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { versionInUse } from '#lambdas/shared/model-version.ts';
import type { MlPayload, ModelRef } from '#lambdas/shared/payload.ts';
import { goodModels } from '#lambdas/shared/run-table.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';

/**
 * Decides whether the run trains. Models that somebody has deleted are passed over, and a notice says so; those of
 * another version than the one in use are passed over too, and stay for when it is in use again.
 */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { model } = getPipeline();
  if (!model) throw new Error(`${run.pipeline} has no model`);
  const notices: string[] = [];
  let current: ModelRef | undefined;
  const wanted = versionInUse(model);
  for (const { id, trainedFor, trainRows, features, version, artifact } of await goodModels(run.runDate)) {
    if (version !== wanted) continue;
    if (await exists(id)) {
      current = {
        ...{ id, trainedFor, trainRows, features },
        ...(version ? { version } : {}),
        ...(artifact ? { artifact } : {}),
      };
      break;
    }
    notices.push(`The model ${id}, trained for ${trainedFor}, is no longer there`);
  }
  const choice = choose(run, payload.start, model, { current, version: wanted });
  return { ...payload, model: choice, notices: [...payload.notices, ...notices] };
});

async function exists(ModelName: string): Promise<boolean> {
  try {
    await sagemaker.send(new DescribeModelCommand({ ModelName }));
    return true;
  } catch (error) {
    // What SageMaker calls a model it does not find.
    if (isNamed(error, 'ValidationException', 'ResourceNotFound')) return false;
    throw error;
  }
}
