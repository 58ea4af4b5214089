import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mail {
  file: string;
  subject: string;
  text: string;
}

/** Names of the mails in an outbox, oldest first. */
export const mailsIn = (outbox: string): string[] =>
  existsSync(outbox)
    ? readdirSync(outbox)
        .filter((name) => name.endsWith('.eml'))
        .sort()
    : [];

/** A mail as the local cloud wrote it: headers, an empty line, the text. */
export function readMail(outbox: string, name: string): Mail {
  const file = join(outbox, name);
  const [head = '', ...body] = readFileSync(file, 'utf8').replaceAll('\r\n', '\n').split('\n\n');
  // A long header goes on in lines that begin with a space, at times right after its name.
  const subject = /^Subject:(.*(?:\n[ \t].*)*)/m.exec(head)?.[1]?.replaceAll(/\n[ \t]/g, ' ') ?? '';
  return { file, subject: decodeWords(subject).trim(), text: body.join('\n\n').trim() };
}

/** `=?utf-8?q?…?=`: how a header carries characters outside ASCII. */
const decodeWords = (text: string) =>
  // Space between two encoded words belongs to neither.
  text
    .replaceAll(/\?=\s+(?==\?utf-8)/gi, '?=')
    .replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, kind: string, encoded: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(encoded, 'base64').toString('utf8')
        : Buffer.from(
            encoded
              .replaceAll('_', ' ')
              .replaceAll(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ).toString('utf8'),
    );
