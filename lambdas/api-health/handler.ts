import { route } from '#lambdas/shared/http/route.ts';
import { getServing } from '#lambdas/shared/http/serving.ts';

/** `GET /health`: that the API answers. It reads no table: whoever asks needs no token, and could ask often. */
export const handler = route('health', async () => ({ status: 'ok', environment: getServing().environment }));
