import { describeEndpoint, ENDPOINT, endpointSettings } from '#lambdas/shared/endpoint.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import type { MlPayload, Served } from '#lambdas/shared/payload.ts';
import { step } from '#lambdas/shared/step.ts';
import { planFor } from '#lambdas/update-endpoint/plan.ts';
import { endpointConfigName } from '#lib/names.ts';

/**
 * Has the endpoint serve the model of this run. The old one answers until the new one can: SageMaker changes over when it
 * is in service, and back by itself when it cannot be.
 *
 * What there is decides, not what was tried before: a retried step finds its own change under way.
 */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const model = payload.model?.use?.id;
  if (!model) throw new Error('There is no model to serve');
  const { name } = endpointSettings();
  const attempt = attemptOf(payload, ENDPOINT);
  const config = endpointConfigName(run.environment, run.pipeline, run, attempt);
  const there = await describeEndpoint(name);
  const plan = await planFor(run, there, { name, model, config });
  const { decision, serves = model, work } = plan;
  const notices = plan.notice ? [...payload.notices, plan.notice] : payload.notices;
  const endpoint: Served = { endpoint: name, model: serves, decision };
  const what = { kind: ENDPOINT, step: ENDPOINT, attempt, name: config, start: work } as const;
  return startJob({ ...payload, endpoint, notices }, what);
});
