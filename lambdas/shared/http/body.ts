import type * as z from 'zod';
import { type FieldProblem, Refusal } from '#lambdas/shared/http/answer.ts';
import type { HttpEvent } from '#lambdas/shared/http/route.ts';

/** Bytes of the largest body a route reads; the gateway's own limit is 10 MB. */
export const BODY_BYTES = 64 * 1024;
/** A hostile body is not answered with thousands of problems. */
const MOST_PROBLEMS = 50;
const LONGEST_FIELD = 100;

const WRITTEN = { 'application/json': 'JSON', 'text/csv': 'CSV' };
type ContentType = keyof typeof WRITTEN;

/** The text of a request's body. Refuses, in this order: a content type that is none of these (415), a large one (413). */
export function textBody<T extends ContentType>(event: HttpEvent, types: readonly T[]): { type: T; text: string } {
  const said = event.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const type = types.find((one) => one === said);
  if (!type) {
    const allowed = types.map((one) => `${WRITTEN[one]}: content-type: ${one}`);
    throw new Refusal(415, `The body has to be ${allowed.join(', or ')}.`);
  }
  const { body = '', isBase64Encoded } = event;
  if (Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8') > BODY_BYTES)
    throw new Refusal(413, `The body has more than ${BODY_BYTES} bytes.`);
  return { type, text: isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body };
}

/** The JSON of a request's body; refuses what is none (400). */
export const jsonBody = (event: HttpEvent): unknown => parsedJson(textBody(event, ['application/json']).text);

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is no valid JSON.');
  }
}

/** What a request says, if it is as the schema wants it; otherwise every problem at once (400). */
export function valid<T extends z.ZodType>(schema: T, content: unknown): z.output<T> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw badRequest(problemsOf(parsed.error));
}

export const badRequest = (problems: FieldProblem[]) =>
  new Refusal(400, 'The request is not valid.', problems.slice(0, MOST_PROBLEMS));

/** The findings of a schema, one for each field. Values of the request are not repeated. */
export function problemsOf(error: z.ZodError): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    const at = (parts: string[], message: string) => ({ field: parts.join('.').slice(0, LONGEST_FIELD), message });
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => at([...path, key], 'is not a field of this request'));
    if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return [at(path, 'is missing')];
    return [at(path, issue.message.replace(/^Invalid input: /, ''))];
  });
}
