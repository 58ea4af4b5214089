import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';

/** A bucket world in memory, by `s3://bucket/key`: puts, whole and ranged gets, lists in pages. */
export function fakeS3() {
  const objects = new Map<string, Buffer>();
  const mock = mockClient(S3Client);
  mock.on(PutObjectCommand).callsFake(({ Bucket, Key, Body }) => {
    objects.set(`s3://${Bucket}/${Key}`, Buffer.from(Body));
    return {};
  });
  mock.on(GetObjectCommand).callsFake(({ Bucket, Key, Range }) => {
    const data = objects.get(`s3://${Bucket}/${Key}`);
    if (!data) throw Object.assign(new Error(`${Key} is not there`), { name: 'NoSuchKey', $metadata: {} });
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(Range ?? '') ?? [];
    return { Body: body(from === undefined ? data : data.subarray(Number(from), Number(to) + 1)) };
  });
  mock.on(ListObjectsV2Command).callsFake(({ Bucket, Prefix = '', ContinuationToken = '0' }) => {
    const start = `s3://${Bucket}/${Prefix}`;
    const all = [...objects.keys()].filter((uri) => uri.startsWith(start)).sort();
    const from = Number(ContinuationToken);
    const Contents = all.slice(from, from + PAGE).map((uri) => ({
      Key: uri.slice(`s3://${Bucket}/`.length),
      Size: objects.get(uri)?.length,
      LastModified: new Date(0),
    }));
    return { Contents, ...(from + PAGE < all.length ? { NextContinuationToken: String(from + PAGE) } : {}) };
  });
  return {
    mock,
    objects,
    put: (uri: string, content: string | Uint8Array) => objects.set(uri, Buffer.from(content as string)),
    putJson: (uri: string, value: unknown) => objects.set(uri, Buffer.from(JSON.stringify(value))),
    json: <T = unknown>(uri: string) => JSON.parse(objects.get(uri)?.toString() ?? 'null') as T,
  };
}

/** Small, so that every test walks through pages. */
const PAGE = 2;

function body(data: Buffer) {
  return Object.assign(Readable.from([data]), {
    transformToString: async () => data.toString('utf8'),
    transformToByteArray: async () => new Uint8Array(data),
  });
}
