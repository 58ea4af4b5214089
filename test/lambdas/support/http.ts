import 'aws-sdk-client-mock-vitest/extend';
import { mockClient } from 'aws-sdk-client-mock';
import { runtime } from '#lambdas/api-score/endpoint.ts';
import type { Answer } from '#lambdas/shared/http/answer.ts';
import { client } from '#lambdas/shared/http/client.ts';
import type { HttpEvent } from '#lambdas/shared/http/route.ts';

/** Every call to DynamoDB that a handler of the API makes; clients of others are left alone. */
export const dynamodb = mockClient(client);
/** Every call to an endpoint. */
export const endpoints = mockClient(runtime);

/** Friday: predictions made for this day are of today. */
export const TODAY = new Date('2026-11-20T12:00:00Z');
const later = (days: number) => String(TODAY.getTime() / 1000 + days * 86_400);

/** An item as the push writes it, expiring in some days. */
export const stamped = (item: object, { runDate = '2026-11-20', expiresIn = 5 } = {}) => ({
  ...item,
  run_date: { S: runDate },
  ttl: { N: later(expiresIn) },
});

export interface Asked {
  scope?: string;
  parameters?: Record<string, string>;
  query?: Record<string, string>;
  body?: string;
  /** Any other content than text, as the gateway hands it on. */
  base64?: boolean;
  type?: string;
  /** As the gateway has it; only handlers with several routes look at it. */
  route?: string;
}

/** A request as the gateway hands it to a handler, its token checked. */
export function eventOf({ scope, parameters, query, body, base64, type, route }: Asked): HttpEvent {
  const event = {
    version: '2.0',
    ...(route ? { routeKey: route } : {}),
    headers: type === undefined ? {} : { 'content-type': type },
    ...(parameters ? { pathParameters: parameters } : {}),
    ...(query ? { queryStringParameters: query } : {}),
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: base64 ?? false,
    requestContext: {
      requestId: 'request-1',
      ...(scope === undefined
        ? {}
        : { authorizer: { jwt: { claims: { scope, client_id: 'service' }, scopes: null } } }),
    },
  };
  return event as unknown as HttpEvent;
}

type Handler = (event: HttpEvent) => Promise<Answer>;

export async function ask(handler: Handler, asked: Asked) {
  const { statusCode, headers, body } = await handler(eventOf(asked));
  return { status: statusCode, headers, body: JSON.parse(body) };
}
