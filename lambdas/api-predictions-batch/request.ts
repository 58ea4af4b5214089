import * as z from 'zod';
import { keySchema } from '#lambdas/shared/http/keys.ts';
import { oncePerPipeline } from '#lambdas/shared/http/serving.ts';

/** DynamoDB reads as many at once. */
export const MOST_KEYS = 100;

export const batchSchema = oncePerPipeline((pipeline) =>
  z.strictObject({ keys: z.array(keySchema(pipeline)).min(1).max(MOST_KEYS) }),
);
