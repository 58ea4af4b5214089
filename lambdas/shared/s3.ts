import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '#lambdas/shared/clients/s3.ts';

export interface StoredObject {
  bucket: string;
  key: string;
  bytes: number;
  modified: Date;
}

/** `s3://bucket/key` in its two parts. */
export function parseUri(uri: string): { Bucket: string; Key: string } {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  if (!Bucket || Key === undefined) throw new Error(`${uri} is no S3 address (s3://bucket/key)`);
  return { Bucket, Key };
}

/** All objects below a prefix, in the order of their keys. */
export async function* listObjects(uri: string): AsyncGenerator<StoredObject> {
  const { Bucket, Key: Prefix } = parseUri(uri);
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    for (const { Key, Size, LastModified } of page.Contents ?? [])
      if (Key !== undefined)
        yield { bucket: Bucket, key: Key, bytes: Size ?? 0, modified: LastModified ?? new Date(0) };
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
}

/** Objects that hold data: Spark, Hive and Athena skip names with `_` or `.`, and an empty object has no rows. */
export async function dataObjects(uri: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of listObjects(uri)) if (object.bytes > 0 && isData(object.key)) found.push(object);
  return found;
}

const isData = (key: string) => !/^[_.]/.test(key.slice(key.lastIndexOf('/') + 1));

export const uriOf = ({ bucket, key }: StoredObject) => `s3://${bucket}/${key}`;

export async function readJson<T>(uri: string): Promise<T> {
  const { Body } = await s3.send(new GetObjectCommand(parseUri(uri)));
  if (!Body) throw new Error(`${uri} has no content`);
  return JSON.parse(await Body.transformToString('utf-8')) as T;
}

/**
 * The object, or nothing if it is not there.
 *
 * Asked by listing: for a role that may list only a prefix, S3 answers a GET of a missing key with 403 and not 404.
 */
export async function readJsonIfThere<T>(uri: string): Promise<T | undefined> {
  const { Key } = parseUri(uri);
  for await (const { key } of listObjects(uri)) return key === Key ? readJson<T>(uri) : undefined;
  return undefined;
}

export async function writeJson(uri: string, value: unknown): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      ...parseUri(uri),
      Body: JSON.stringify(value, null, 2),
      ContentType: 'application/json',
    }),
  );
}
