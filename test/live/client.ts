import { inject } from 'vitest';
import { noted } from '#cli/local/running.ts';
import type { Json } from '#test/stacks/synth.ts';

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
}

export interface Request {
  /** What is no text is sent as JSON; with one, the request is a POST. */
  body?: unknown;
  type?: string;
  /** The token of the environment's own client, unless it says otherwise; empty for none. */
  authorization?: string;
}

/** Asks the API of the running environment. */
export async function ask(
  path: string,
  { body, type = 'application/json', authorization }: Request = {},
): Promise<Answered> {
  const token = authorization ?? `Bearer ${inject('token')}`;
  const headers = {
    ...(token ? { authorization: token } : {}),
    ...(body === undefined ? {} : { 'content-type': type }),
  };
  const sent =
    body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${inject('url')}${path}`, { headers, ...sent });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The content of an answer that has to be 200. */
export function contentOf({ status, text }: Answered): Json {
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return JSON.parse(text);
}

/** Settings of an SDK client for the running local cloud. */
export function clientSettings() {
  const running = noted(inject('state'));
  if (!running) throw new Error('presage up does not run');
  const { endpoint, region } = running;
  return { endpoint, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
