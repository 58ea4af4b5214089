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
  /** A token is ten lines of a terminal: one is enough, and the `curl` gets its own by a command. */
  isTerminal: boolean;
  hasPage: boolean;
}

/** To read and to copy. */
export function addressLines(addresses: Addresses): string[] {
  const { url, outbox, token, tokenMinutes, state, hasPage } = addresses;
  return [
    '',
    ...(hasPage ? [`  Page   ${url}/#token=${token}`, ''] : []),
    `  API    ${url}, its contract: ${url}/openapi.json`,
    `  Mails  ${shown(outbox)}`,
    `  Token  ${hasPage ? 'above' : token}, good for ${tokenMinutes} minutes; another one: npx presage token${state}`,
    `  Try    ${curlLine(addresses)}`,
    '',
  ];
}

/** To be pasted into a shell as it is. */
export function curlLine({ url, example, token, state, isTerminal }: Addresses): string {
  if (!example) return `curl ${url}/health`;
  const bearer = isTerminal ? `$(npx presage token${state})` : token;
  return `curl -H "Authorization: Bearer ${bearer}" ${url}${pathOf(example)}`;
}
