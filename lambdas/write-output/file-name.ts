import { stepError } from '#lambdas/shared/errors.ts';

/** Of one value in a file name: keys of S3 have 1,024 bytes, names of files on most disks 255. */
const LONGEST = 100;

const COLUMN = /<([a-z][a-z0-9_]*)>/g;

/** Names of the columns that a file's name is made of. */
export const columnsIn = (file: string): string[] => [...file.matchAll(COLUMN)].map(([, column]) => column ?? '');

/**
 * The name with the values of a row in it. Whatever is no letter, digit, `-` or `_` is percent-encoded, so that no value
 * leads out of the folder. OutputRejected for a value that is missing or too long.
 */
export function fileName(file: string, valueIn: (column: string) => string | null): string {
  return file.replaceAll(COLUMN, (_, column: string) => {
    const value = valueIn(column);
    if (!value) throw stepError('OutputRejected', `${file}: a row has no ${column}, which the file is named by`);
    const encoded = encodeURIComponent(value).replace(
      /[.!~*'()]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    if (encoded.length > LONGEST)
      throw stepError(
        'OutputRejected',
        `${file}: ${column} ${JSON.stringify(value.slice(0, 40))}… is too long for the name of a file`,
      );
    return encoded;
  });
}
