import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { checkCsv } from '#lambdas/inspect-sources/csv-object.ts';
import { Findings } from '#lambdas/inspect-sources/findings.ts';
import { schemaProblems } from '#lambdas/inspect-sources/parquet-schema.ts';
import { s3 } from '#lambdas/shared/clients/s3.ts';
import { eachFooter } from '#lambdas/shared/parquet.ts';
import { dataObjects, parseUri, type StoredObject } from '#lambdas/shared/s3.ts';
import type { Source } from '#lib/pipelines/pipeline.ts';

/** Footers read per source, newest objects first; the others are taken to be like them, and a notice says so. */
const MOST_FOOTERS = 1_000;
const SUFFIXES = { csv: /\.csv(\.gz)?$/i, parquet: /\.parquet$/i };

export interface Inspected {
  findings: Findings;
  notices: string[];
  objects: number;
  bytes: number;
  rows: number;
  /** CSV: the one header of all objects. */
  header?: string[];
}

/** Looks at the objects of one source. Everything wrong is collected, nothing is thrown for it. */
export async function inspectSource(
  name: string,
  source: Source,
  { location, format }: { location: string; format: 'parquet' | 'csv' },
): Promise<Inspected> {
  const findings = new Findings(name);
  const objects = await dataObjects(location);
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  const found: Inspected = { findings, notices: [], objects: objects.length, bytes, rows: 0 };
  const { Key } = parseUri(location);
  const nameOf = ({ key }: StoredObject) => key.slice(Key.length) || key;

  if (!objects.length) {
    if (source.optional) found.notices.push(`${name} is not there; it is optional`);
    else findings.add(`is missing: no ${format} file at ${location}`);
    return found;
  }
  const strange = objects.filter(({ key }) => !SUFFIXES[format].test(key));
  for (const object of strange) findings.add(`is no ${format} file by its name`, nameOf(object));
  const readable = objects.filter((object) => !strange.includes(object));

  if (format === 'parquet') await inspectParquet(name, source, readable, nameOf, found);
  else await inspectCsv(name, source, readable, nameOf, found);
  if (!found.rows && !findings.found) findings.add(`is empty: ${objects.length} file(s) at ${location} without a row`);
  return found;
}

type NameOf = (object: StoredObject) => string;

async function inspectParquet(name: string, source: Source, objects: StoredObject[], nameOf: NameOf, found: Inspected) {
  const newest = [...objects].sort((a, b) => b.modified.getTime() - a.modified.getTime()).slice(0, MOST_FOOTERS);
  if (newest.length < objects.length)
    found.notices.push(`${name}: looked into the newest ${newest.length} of ${objects.length} files`);
  await eachFooter(
    newest,
    (footer, object) => {
      found.rows += Number(footer.num_rows);
      for (const problem of schemaProblems(footer, source.columns)) found.findings.add(problem, nameOf(object));
    },
    (error, object) => found.findings.add(`is unreadable: ${error.message}`, nameOf(object)),
  );
}

async function inspectCsv(name: string, source: Source, objects: StoredObject[], nameOf: NameOf, found: Inspected) {
  let first: { header: string[]; place: string } | undefined;
  for (const object of objects) {
    const { header, rows, problems } = await checkCsv(await open(object), source.columns);
    found.rows += rows;
    for (const problem of problems) found.findings.add(problem, nameOf(object));
    if (!header.length) continue;
    first ??= { header, place: nameOf(object) };
    if (first.header.join() !== header.join())
      found.findings.add(
        `has another header than ${first.place}, and all files of a source need the same`,
        nameOf(object),
      );
  }
  found.header = first?.header;
  const extra = first?.header.filter((column) => !source.columns[column]) ?? [];
  if (extra.length) found.notices.push(`${name}: column(s) ${extra.join(', ')} are not declared and ignored`);
}

async function open({ bucket, key }: StoredObject): Promise<AsyncIterable<Uint8Array>> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (!Body) throw new Error(`s3://${bucket}/${key} has no content`);
  const stream = Body as Readable;
  if (!key.toLowerCase().endsWith('.gz')) return stream;
  const unzipped = createGunzip();
  // An error of the download has to reach whoever reads the unzipped bytes.
  stream.on('error', (error) => unzipped.destroy(error));
  return stream.pipe(unzipped);
}
