import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createGzip, type Gzip } from 'node:zlib';
import { stepError } from '#lambdas/shared/errors.ts';
import { upload } from '#lambdas/shared/upload.ts';
import type { ResultRow } from '#lambdas/write-output/athena-csv.ts';
import { columnsIn, fileName } from '#lambdas/write-output/file-name.ts';
import { jsonText, type Nested, place } from '#lambdas/write-output/nested.ts';
import { lineOf } from '#lib/csv.ts';

/** Compressed files are written side by side; a column with more values than this is no name of files. */
const MOST_FILES = 500;

/** What an output becomes: rows are given one by one, `end` says which files were written. */
export interface Files {
  add(row: ResultRow): Promise<void>;
  end(): Promise<string[]>;
}

export interface FilesProps {
  /** `s3://…/`, with the slash at its end. */
  folder: string;
  /** As in the definition, with the columns it is named by. */
  file: string;
  columns: string[];
  /** Athena's type of the last column. */
  valueType: string;
}

export const filesFor = (props: FilesProps): Files => (props.file.endsWith('.json') ? json(props) : csv(props));

/** Which file a row belongs to. */
function naming({ file, columns }: FilesProps) {
  const places = new Map(columnsIn(file).map((column) => [column, columns.indexOf(column)]));
  return (row: ResultRow) => fileName(file, (column) => row[places.get(column) ?? -1] ?? null);
}

const tooMany = (file: string) => stepError('OutputRejected', `${file}: more than ${MOST_FILES} files`);

/** Rows as they are, quoted only where they must be; a null and an empty text are both an empty field. */
function csv(props: FilesProps): Files {
  const { folder, file, columns } = props;
  const nameOf = naming(props);
  const open = new Map<string, Opened>();
  const start = async (name: string) => {
    if (open.size === MOST_FILES) throw tooMany(file);
    const gzip = createGzip();
    const done = upload(`${folder}${name}`, gzip, 'application/gzip');
    done.catch(() => {}); // thrown by the next `write`, or by `end`
    gzip.on('error', () => {});
    const opened = { gzip, done };
    open.set(name, opened);
    await write(opened, columns);
    return opened;
  };
  return {
    async add(row) {
      const name = nameOf(row);
      await write(open.get(name) ?? (await start(name)), row);
    },
    async end() {
      // A file that is named by no column is there even without rows.
      if (!open.size && !columnsIn(file).length) await start(file);
      for (const { gzip } of open.values()) gzip.end();
      await Promise.all([...open.values()].map(({ done }) => done));
      return [...open.keys()].sort().map((name) => `${folder}${name}`);
    },
  };
}

interface Opened {
  gzip: Gzip;
  /** Ends with the upload, well or not. */
  done: Promise<void>;
}

/** Waits where the upload is slower than the rows. */
async function write({ gzip, done }: Opened, row: ResultRow): Promise<void> {
  if (!gzip.write(`${lineOf(row)}\n`)) await Promise.race([once(gzip, 'drain'), done]);
}

/** Objects in objects: the columns that name the file are not among the keys. */
function json(props: FilesProps): Files {
  const { folder, file, columns, valueType } = props;
  const naming_ = columnsIn(file);
  const nameOf = naming(props);
  const kept = columns.map((column, i) => (naming_.includes(column) ? -1 : i)).filter((i) => i >= 0);
  const keys = kept.map((i) => columns[i] ?? '');
  const roots = new Map<string, Nested>();
  return {
    async add(row) {
      const name = nameOf(row);
      const root = roots.get(name) ?? (new Map() as Nested);
      if (!roots.has(name) && roots.size === MOST_FILES) throw tooMany(file);
      roots.set(name, root);
      const values = kept.map((i) => row[i] ?? null);
      place(root, values, keys, valueType, file);
    },
    async end() {
      if (!roots.size && !naming_.length) roots.set(file, new Map());
      for (const [name, root] of roots)
        await upload(`${folder}${name}`, Readable.from([Buffer.from(`${jsonText(root)}\n`)]), 'application/json');
      return [...roots.keys()].sort().map((name) => `${folder}${name}`);
    },
  };
}
