import { type Outcome, outcomeOf, UNREACHABLE } from '#site/logic/answers.ts';
import { counted } from '#site/logic/format.ts';

export interface Asked {
  path: string;
  /** Sent as JSON; a request with one is a POST. */
  body?: unknown;
  token?: string | undefined;
  signal: AbortSignal;
  /** Told before every wait. */
  onWait?: (text: string) => void;
}

/** Longer than the API itself waits for a model. */
const PATIENCE_MS = 28_000;
const MOST_TRIES = 6;

/** Asks the API, and again where it says when to come back. */
export async function ask(asked: Asked): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await askOnce(asked);
    if (asked.signal.aborted) return { kind: 'stopped' };
    if (outcome.kind !== 'later') return outcome;
    if (attempt === MOST_TRIES)
      return { kind: 'failed', message: `${outcome.message} We asked ${attempt} times: try again in a minute.` };
    asked.onWait?.(
      `${outcome.message} Asking again in ${counted(outcome.seconds, 'second')} (${attempt + 1} of ${MOST_TRIES}).`,
    );
    await pause(outcome.seconds * 1000, asked.signal);
    if (asked.signal.aborted) return { kind: 'stopped' };
  }
}

async function askOnce({ path, body, token, signal }: Asked): Promise<Outcome> {
  try {
    const response = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    return outcomeOf({
      status: response.status,
      content: jsonOf(await response.text()),
      retryAfter: response.headers.get('retry-after'),
    });
  } catch {
    return { kind: 'failed', message: UNREACHABLE };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
