import { pathOf } from '#cli/up/stock.ts';
import { shown } from '#cli/up/story.ts';
import type { Prediction } from '#lambdas/shared/http/prediction.ts';

/** What a person needs to use it. */
export interface Addresses {
  url: string;
  /** Folder. */
  outbox: string;
  token: string;
  tokenMinutes: number;
  /** A prediction that there is, of any pipeline. */
  example: Prediction | undefined;
  /** What leads the other commands here: ` --state DIR`, or nothing. */
  state: string;
}

/** To read and to copy. The token is a line of its own: a `curl` with it inside could not be read. */
export function addressLines({ url, outbox, token, tokenMinutes, example, state }: Addresses): string[] {
  return [
    '',
    `  Page   ${url}/#token=${token}`,
    `  API    ${url}, its contract: ${url}/openapi.json`,
    `  Mails  ${shown(outbox)}`,
    `  Token  good for ${tokenMinutes} minutes; another one: npx presage token${state}`,
    '',
    `TOKEN=${token}`,
    example ? curlLine(url, example) : `curl ${url}/health`,
    '',
  ];
}

export const curlLine = (url: string, example: Prediction): string =>
  `curl -H "Authorization: Bearer $TOKEN" ${url}${pathOf(example)}`;
