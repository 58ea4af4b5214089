import { expect, it } from 'vitest';
import { checkEnvironment } from '#lib/environment-check.ts';
import { type EndpointSettings, type Environment, environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

const definitions: Pipeline[] = Object.values(await loadPipelines());
const named = (name: string) => definitions.find((one) => one.name === name) ?? expect.fail(name);

/** What `dev` is refused for when one of its pipelines has this endpoint. */
function refusal(pipeline: string, endpoint: object, more: Partial<Environment> = {}, known = definitions): string {
  const { dev }: Record<string, Environment> = environments;
  const override = { ...dev?.pipelines[pipeline], endpoint: endpoint as EndpointSettings };
  const changed = { ...dev, ...more, pipelines: { ...dev?.pipelines, [pipeline]: override } } as Environment;
  try {
    checkEnvironment(changed, known);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}
const good = { memoryMb: 2048, maxConcurrency: 5 };

it('the environments of this project are sound', () => {
  for (const environment of Object.values<Environment>(environments))
    expect(() => checkEnvironment(environment, definitions)).not.toThrow();
  expect(refusal('reorder', { ...good, provisionedConcurrency: 5 })).toBe('accepted');
});

it('everything that is wrong with an environment is said at once, with its path', () => {
  const page = { throttle: { rate: 0, burst: 1.5 } };
  const serving = { ...environments.dev.serving, page };
  const message = refusal('reorder', { memoryMb: 2000, maxConcurrency: 0, provisionedConcurrency: 9 }, { serving });
  for (const said of [
    /^Environment dev has \d problem\(s\):/,
    'serving.page.throttle.rate:',
    'serving.page.throttle.burst:',
    'pipelines.reorder.endpoint.memoryMb: use one of 1024, 2048,',
    'pipelines.reorder.endpoint.maxConcurrency:',
  ])
    expect(message).toMatch(said);
  expect(refusal('reorder', { ...good, provisionedConcurrency: 6 })).toContain('provisionedConcurrency: use at most');
  expect(refusal('reorder', { ...good, memory: 1 })).toContain('"memory"');
});

it('a model that cannot be served one row at a time is refused before anything is deployed', () => {
  expect(refusal('vouchers', good)).toContain('pipelines.vouchers.endpoint: the pipeline has no model');
  const reorder = named('reorder');
  const changed = (change: Partial<Pipeline>) => refusal('reorder', good, {}, [{ ...reorder, ...change }]);
  const { scored: _, ...predictions } = reorder.predictions ?? expect.fail('predictions');
  expect(changed({ predictions })).toContain('the definition lacks predictions.scored');
  const model = reorder.model ?? expect.fail('a model');
  expect(changed({ model: { ...model, mode: 'HYPERPARAMETER_TUNING' } })).toContain('models of one container');
  expect(
    changed({
      model: { ...model, features: ['predicted_on'] },
      tables: { t: { ...reorder.tables.result, columns: { predicted_on: { type: 'date' } } } as never },
    }),
  ).toContain('predicted_on is a date');
});
