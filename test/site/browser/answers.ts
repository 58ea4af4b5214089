import { predictionSchema } from '#lambdas/shared/http/prediction.ts';
import { environments } from '#lib/environments.ts';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { servingOf } from '#lib/serving/definition.ts';
import type { Reply } from '#test/site/browser/server.ts';

/** Answers as the API gives them; those about predictions are held against its own schema. */
const [served] = Object.values(servingOf(environments.dev, [reorder]).pipelines);

export const ok = (body: unknown): Reply => ({ status: 200, body });

export const healthy = ok({ status: 'ok', environment: 'dev' });

export const scored = (probability: number) =>
  ok({
    pipeline: 'reorder',
    model: 'pr5c1ab0de-4be1f5a4d2c87f10-1',
    prediction: { probability, will_reorder: probability > 0.2 },
    threshold: 0.2,
  });

export function prediction(user_id: number, product_id: number, probability: number, ageDays = 0) {
  const made = {
    pipeline: 'reorder',
    key: { user_id, product_id },
    prediction: { probability, will_reorder: probability > 0.2 },
    model: 'pr5c1ab0de-4be1f5a4d2c87f10-1',
    runDate: '2026-11-20',
    ageDays,
    stale: ageDays > 2,
  };
  if (!served) throw new Error('reorder is not served');
  return predictionSchema(served).parse(made);
}

/** A customer's products, with `next` where there is another page. */
export const pageOfPredictions = (products: number[], next?: string) =>
  ok({
    pipeline: 'reorder',
    predictions: products.map((product, index) =>
      prediction(7, product, ((product * 37) % 97) / 100, index === 2 ? 9 : 0),
    ),
    ...(next ? { next } : {}),
  });

/** A token as Cognito makes them, but for its signature, which nobody looks at here. */
export function token(expiresInSeconds: number): string {
  const part = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + expiresInSeconds;
  return [
    part({ alg: 'RS256' }),
    part({ exp, scope: 'presage/reorder.read presage/vouchers.read' }),
    'c2lnbmF0dXJl',
  ].join('.');
}
