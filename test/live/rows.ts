import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { clientSettings } from '#test/live/client.ts';

const features = reorder.model?.features ?? [];

/** A row of features for the model of reorder: by name, and as the line of its values in the model's order. */
export function reorderRow(values: number[] = features.map(() => 1)): { row: Record<string, number>; line: string } {
  return { row: Object.fromEntries(features.map((name, i) => [name, values[i] ?? 0])), line: values.join() };
}

/** A line of what batch transform read in the newest run of reorder: the key of a prediction, and what the model saw. */
export async function scoredRow() {
  const s3 = new S3Client({ ...clientSettings(), forcePathStyle: true });
  const { local } = environments;
  const Bucket = lakeNames(local, local.account).curatedBucket;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'reorder/ml/' }));
  const inputs = Contents.filter(({ Key }) => Key?.includes('/datasets/inference/') && Key.endsWith('.csv'));
  const [newest] = inputs.sort((a, b) => Number(b.LastModified) - Number(a.LastModified));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: newest?.Key }));
  const [user, product, ...values] = ((await Body?.transformToString()) ?? '').split('\n')[0]?.split(',') ?? [];
  if (values.length !== features.length) throw new Error(`${newest?.Key} has ${values.length} values`);
  return { path: `/predictions/reorder/${user}/${product}`, ...reorderRow(values.map(Number)) };
}
