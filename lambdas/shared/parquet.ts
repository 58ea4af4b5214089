import { GetObjectCommand } from '@aws-sdk/client-s3';
import { type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { s3 } from '#lambdas/shared/clients/s3.ts';
import { isServiceFault } from '#lambdas/shared/retryable.ts';
import { dataObjects, type StoredObject } from '#lambdas/shared/s3.ts';

const AT_ONCE = 16;
/** Most footers are smaller; a larger one costs a second request. */
const FIRST_FETCH_BYTES = 64 * 1024;

/** The footer of a Parquet object: schema, row count and statistics, by ranged reads of its end. */
export function readFooter({ bucket, key, bytes }: StoredObject): Promise<FileMetaData> {
  const file = {
    byteLength: bytes,
    async slice(start: number, end = bytes): Promise<ArrayBuffer> {
      const Range = `bytes=${start}-${end - 1}`;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range }));
      const data = await Body?.transformToByteArray();
      if (!data) throw new Error('no content');
      return data.slice().buffer;
    },
  };
  return parquetMetadataAsync(file, { initialFetchSize: FIRST_FETCH_BYTES });
}

/** What the footers below a location say together. */
export interface Written {
  rows: number;
  files: number;
  /** Nulls per top-level column; a column without statistics has no entry. */
  nulls: Record<string, number>;
}

/** Counts rows without reading them. */
export async function countRows(location: string): Promise<Written> {
  const written: Written = { rows: 0, files: 0, nulls: {} };
  await eachFooter(await dataObjects(location), ({ num_rows, row_groups }) => {
    written.files += 1;
    written.rows += Number(num_rows);
    for (const { columns } of row_groups)
      for (const { meta_data } of columns) {
        const nulls = meta_data?.statistics?.null_count;
        const name = meta_data?.path_in_schema.join('.') ?? '';
        if (nulls !== undefined) written.nulls[name] = (written.nulls[name] ?? 0) + Number(nulls);
      }
  });
  return written;
}

/** Reads many footers, a few at a time. `failed` gets what cannot be read; without it, that is thrown. */
export async function eachFooter(
  objects: StoredObject[],
  use: (footer: FileMetaData, object: StoredObject) => void,
  failed?: (error: Error, object: StoredObject) => void,
): Promise<void> {
  const left = [...objects];
  const worker = async () => {
    for (let object = left.shift(); object; object = left.shift()) {
      const found = object;
      await readFooter(found).then(
        (footer) => use(footer, found),
        (error: Error) => {
          // A service that did not answer says nothing about the file.
          if (!failed || '$metadata' in error || isServiceFault(error)) throw error;
          failed(error, found);
        },
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, objects.length) }, worker));
}
