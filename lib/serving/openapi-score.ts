import { scoreSchema } from '#lambdas/api-score/answer.ts';
import { rowSchema, scoringOf } from '#lambdas/api-score/request.ts';
import { onPage, PAGE } from '#lambdas/shared/http/routes.ts';
import type { ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { answers, body, type Json, jsonSchema, SENT, secured, title } from '#lib/serving/openapi-parts.ts';

/** What one row is answered with, where there is an endpoint. */
export function scorePath(pipeline: ServedPipeline): Record<string, Json> {
  const { name } = pipeline;
  const { features } = scoringOf(pipeline);
  const line = `One line without a header, ${features.length} values: ${features.map((one) => one.name).join(',')}`;
  return {
    [`/${name}/score`]: {
      post: {
        tags: [name],
        ...secured(name, 'score'),
        operationId: `score${title(name)}`,
        summary: `What the current model of ${name} says of a row`,
        requestBody: {
          required: true,
          content: {
            ...body(jsonSchema(rowSchema(pipeline))).content,
            'text/csv': { schema: { type: 'string', description: line } },
          },
        },
        responses: answers('What it says.', jsonSchema(scoreSchema(pipeline)), ...SENT),
      },
    },
  };
}

/** Those that the page asks for: without a token, so nothing is refused for one. */
export const pagePaths = (paths: Record<string, Json>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(paths).flatMap(([path, methods]) => {
      if (!onPage(path)) return [];
      const { post } = methods as { post: Json & { operationId: string; responses: Json } };
      const { '401': _, '403': __, ...responses } = post.responses;
      const operationId = `page${post.operationId.replace(/^./, (letter) => letter.toUpperCase())}`;
      return [[`${PAGE}${path}`, { post: { ...post, security: [], tags: ['page'], operationId, responses } }]];
    }),
  );
