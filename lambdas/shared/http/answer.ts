/** What API Gateway sends on. */
export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** One thing that is wrong with a request; `field` is the path within the body, empty for all of it. */
export interface FieldProblem {
  field: string;
  message: string;
}

/** Nothing of an answer is kept, guessed at or shown inside another page. */
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

export const answer = (statusCode: number, content: unknown, headers: Record<string, string> = {}): Answer => ({
  statusCode,
  headers: { ...HEADERS, ...headers },
  body: typeof content === 'string' ? content : JSON.stringify(content),
});

/** A request that is not done, with what the caller gets to know: the gateway's own refusals have a `message` too. */
export class Refusal extends Error {
  readonly status: number;
  readonly problems: readonly FieldProblem[];
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    problems: readonly FieldProblem[] = [],
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.problems = problems;
    this.headers = headers;
  }
}

export const refuse = ({ status, message, problems, headers }: Refusal): Answer =>
  answer(status, { message, ...(problems.length ? { problems } : {}) }, headers);
