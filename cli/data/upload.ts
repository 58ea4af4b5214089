import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DeleteObjectsCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { Context } from '#cli/context.ts';
import type { SourceFiles } from '#cli/data/folder.ts';
import type { Target } from '#cli/target.ts';

/** Puts the sources into the raw zone of a local environment in place of whatever it held for this pipeline. */
export async function uploadSources(
  context: Context,
  target: Target,
  pipeline: string,
  sources: SourceFiles[],
  progress: (text: string) => void,
): Promise<void> {
  const s3 = new S3Client(target.client);
  const Bucket = target.lake.rawBucket;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: `${pipeline}/` })) {
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  }
  for (const { source, files } of sources)
    for (const file of files) {
      progress(`${source}: ${basename(file)}`);
      const Key = `${pipeline}/${source}/${basename(file)}`;
      const ContentLength = statSync(file).size;
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: createReadStream(file), ContentLength }), {
        abortSignal: context.signal,
      });
    }
}
