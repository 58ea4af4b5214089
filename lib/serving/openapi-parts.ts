import * as z from 'zod';
import { BODY_BYTES } from '#lambdas/shared/http/body.ts';
import type { Action } from '#lambdas/shared/http/routes.ts';
import { scopeName } from '#lib/names.ts';

/** What the operations of the contract have in common. */
export type Json = Record<string, unknown>;

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
export function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

export const problem = z.object({
  message: z.string().describe('What is wrong, for people.'),
  problems: z
    .array(z.strictObject({ field: z.string(), message: z.string() }))
    .optional()
    .describe('Everything that is wrong with a request, field by field. Never in answers of the gateway itself.'),
});

export const body = (schema: Json) => ({ content: { 'application/json': { schema } } });
export const ref = (kind: 'schemas' | 'responses', name: string) => ({ $ref: `#/components/${kind}/${name}` });
export const refused = (description: string, headers?: Json) => ({
  description,
  ...(headers ? { headers } : {}),
  ...body(ref('schemas', 'Problem')),
});

export const RESPONSES = {
  '400': refused(
    'The request is not valid: every problem is listed. Of the gateway, when it is no HTTP request it reads.',
  ),
  '401': refused('Of the gateway: there is no token, or it is expired, not signed by this environment or not for it.'),
  '403': refused('The token lacks the scope of this pipeline; of the gateway, when it has no scope of any pipeline.'),
  '404': refused('There is no such thing, or it has expired. Of the gateway, for a path that is none of these.'),
  '413': refused(`The body has more than ${BODY_BYTES} bytes; of the gateway above 10 MB.`),
  '415': refused('The body is not said to be of a content type that is read here.'),
  '429': refused('Of the gateway: too many requests. Wait, then try again.'),
  '431': { description: 'Of the gateway: path and headers have more than 10,240 bytes. Without a body.' },
  '500': refused('A fault of ours, or of the gateway.'),
  '503': refused('Not at the moment; of the gateway, when a handler cannot be reached.', {
    'Retry-After': { description: 'Seconds to wait.', schema: { type: 'string' } },
  }),
};
export type Status = keyof typeof RESPONSES;

export const answers = (description: string, schema: Json, ...others: Status[]) => ({
  '200': { description, ...body(schema) },
  ...Object.fromEntries(others.map((status) => [status, ref('responses', `Status${status}`)])),
});

export const OPEN: Status[] = ['429', '431', '500', '503'];
export const READ: Status[] = ['400', '401', '403', '404', ...OPEN];
export const SENT: Status[] = ['400', '401', '403', '404', '413', '415', ...OPEN];

export const secured = (pipeline: string, action: Action = 'read') => ({
  security: [{ token: [scopeName(pipeline, action)] }],
});

/** `buyer-stage` → `BuyerStage`. */
export const title = (name: string) => name.replaceAll(/(^|-)(.)/g, (_, _dash, letter: string) => letter.toUpperCase());
