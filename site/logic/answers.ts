import { counted } from '#site/logic/format.ts';
import type { Problem } from '#site/logic/values.ts';

/** What became of a request, as the page tells it. */
export type Outcome =
  | { kind: 'done'; content: unknown }
  /** 400: what is wrong with which field. */
  | { kind: 'invalid'; message: string; problems: Problem[] }
  /** 401: no token, or one that is not good any more. */
  | { kind: 'token'; message: string }
  | { kind: 'none'; message: string }
  /** 503 with the seconds after which to ask again. */
  | { kind: 'later'; message: string; seconds: number }
  | { kind: 'failed'; message: string }
  | { kind: 'stopped' };

/** Waits longer than this are left to the person. */
const LONGEST_WAIT = 20;
const DEFAULT_WAIT = 5;

interface Answered {
  status: number;
  /** Undefined when the answer is no JSON: then it is not the API's. */
  content: unknown;
  retryAfter: string | null;
}

export const UNREACHABLE =
  'The API cannot be reached. Nothing is lost: what you typed stays here. Try again in a moment.';

export function outcomeOf({ status, content, retryAfter }: Answered): Outcome {
  if (content === undefined) return { kind: 'failed', message: UNREACHABLE };
  if (status >= 200 && status < 300) return { kind: 'done', content };
  const said = messageOf(content);
  if (status === 400)
    return { kind: 'invalid', message: said ?? 'The request is not valid.', problems: problemsOf(content) };
  if (status === 401)
    return {
      kind: 'token',
      message: 'The token is not accepted: it has expired, or it is of another environment. Use a new one.',
    };
  if (status === 403) return { kind: 'token', message: `${said ?? 'The token is not for this.'} Use another one.` };
  if (status === 404) return { kind: 'none', message: said ?? 'There is nothing here.' };
  if (status === 429)
    return { kind: 'failed', message: 'Too many requests at the moment. Wait a few seconds, then try again.' };
  if (status === 503) {
    const seconds = Number(retryAfter ?? DEFAULT_WAIT);
    const message = said ?? 'Not at the moment.';
    if (Number.isFinite(seconds) && seconds <= LONGEST_WAIT)
      return { kind: 'later', message, seconds: Math.max(1, seconds) };
    return {
      kind: 'failed',
      message: Number.isFinite(seconds) ? `${message} Try again in ${counted(seconds, 'second')}.` : message,
    };
  }
  if (status === 502 || status === 504) return { kind: 'failed', message: UNREACHABLE };
  return { kind: 'failed', message: said ?? `The API answered with status ${status}.` };
}

function messageOf(content: unknown): string | undefined {
  const message = (content as { message?: unknown } | null)?.message;
  return typeof message === 'string' && message ? message : undefined;
}

function problemsOf(content: unknown): Problem[] {
  const problems = (content as { problems?: unknown } | null)?.problems;
  if (!Array.isArray(problems)) return [];
  return problems.flatMap(({ field, message }: { field?: unknown; message?: unknown }) =>
    typeof field === 'string' && typeof message === 'string' ? [{ field, message }] : [],
  );
}
