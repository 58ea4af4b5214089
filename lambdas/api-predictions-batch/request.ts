import * as z from 'zod';
import { keySchema } from '#lambdas/shared/http/keys.ts';
import type { ServedPipeline } from '#lambdas/shared/http/serving.ts';

/** DynamoDB reads as many at once. */
export const MOST_KEYS = 100;

export const batchSchema = (pipeline: ServedPipeline) =>
  z.strictObject({ keys: z.array(keySchema(pipeline)).min(1).max(MOST_KEYS) });
