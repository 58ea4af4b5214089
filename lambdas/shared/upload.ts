import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { s3 } from '#lambdas/shared/clients/s3.ts';
import { parseUri } from '#lambdas/shared/s3.ts';

/** S3 takes parts of 5 MB and more, the last one excepted. */
const PART = 8 * 1024 ** 2;

/**
 * Writes an object of any size from a stream, holding one part in memory. A small one is one request.
 *
 * The SDK's own way for this is a package of its own, three times as large as this whole function's bundle.
 */
export async function upload(uri: string, content: AsyncIterable<Uint8Array>, ContentType: string): Promise<void> {
  const where = parseUri(uri);
  const parts: CompletedPart[] = [];
  let UploadId: string | undefined;
  const send = async (Body: Buffer) => {
    UploadId ??= (await s3.send(new CreateMultipartUploadCommand({ ...where, ContentType }))).UploadId;
    const PartNumber = parts.length + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ ...where, UploadId, PartNumber, Body }));
    parts.push({ ETag, PartNumber });
  };
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of content) {
      waiting.push(chunk);
      bytes += chunk.length;
      if (bytes < PART) continue;
      await send(Buffer.concat(waiting));
      [waiting, bytes] = [[], 0];
    }
    if (!UploadId) {
      await s3.send(new PutObjectCommand({ ...where, Body: Buffer.concat(waiting), ContentType }));
      return;
    }
    if (bytes) await send(Buffer.concat(waiting));
    await s3.send(new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts: parts } }));
  } catch (error) {
    // Parts that nobody completes are kept, and paid for, until the bucket's rule removes them.
    if (UploadId) await s3.send(new AbortMultipartUploadCommand({ ...where, UploadId })).catch(() => {});
    throw error;
  }
}
