import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { lineOf } from '#lib/csv.ts';
import type { ColumnType } from '#lib/pipelines/pipeline.ts';

/** One value of a row; a `date` is a text `YYYY-MM-DD`, a `timestamp` `YYYY-MM-DD HH:MM:SS`, both UTC. */
export type Value = string | number | boolean | null;
export type Row = Record<string, Value>;
export type Columns = Record<string, { type: ColumnType }>;

/** Takes rows one by one and keeps few of them in memory. */
export interface TableWriter {
  write(row: Row): void;
  close(): void;
}

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

const PARQUET: Record<ColumnType, Omit<SchemaElement, 'name'>> = {
  varchar: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  bigint: { type: 'INT64' },
  integer: { type: 'INT32' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  date: { type: 'INT32', converted_type: 'DATE' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
};

const MILLISECONDS_PER_DAY = 86_400_000;

/** What the Parquet writer wants for a value: whole days, microseconds, 64-bit integers. */
function stored(value: Value, type: ColumnType): unknown {
  if (value === null) return null;
  if (type === 'bigint') return BigInt(value);
  if (type === 'date') return Date.parse(`${value}T00:00:00Z`) / MILLISECONDS_PER_DAY;
  if (type === 'timestamp') return BigInt(Date.parse(`${value}Z`.replace(' ', 'T'))) * 1000n;
  return value;
}

/** One Parquet file (snappy) whose columns Athena, DuckDB and Spark read as declared. */
export function parquetFile(path: string, columns: Columns, rowsInMemory = 100_000): TableWriter {
  mkdirSync(dirname(path), { recursive: true });
  const names = Object.keys(columns);
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length },
    ...Object.entries(columns).map(([name, { type }]) => ({
      name,
      repetition_type: 'OPTIONAL' as const,
      ...PARQUET[type],
    })),
  ];
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'presage' });
  let group: unknown[][] = names.map(() => []);
  const flush = () => {
    const columnData = names.map((name, i) => ({ name, data: group[i] ?? [], offsetIndex: false }));
    writer.write({ columnData, rowGroupSize: rowsInMemory });
    group = names.map(() => []);
  };
  return {
    write(row) {
      names.forEach((name, i) => {
        group[i]?.push(stored(row[name] ?? null, columns[name]?.type ?? 'varchar'));
      });
      if ((group[0]?.length ?? 0) >= rowsInMemory) flush();
    },
    close() {
      if (group[0]?.length) flush();
      writer.finish();
    },
  };
}

/** A CSV file with a header, as Athena's OpenCSVSerDe reads it: null is empty, quotes where they are needed. */
export function csvFile(path: string, columns: Columns): TableWriter {
  mkdirSync(dirname(path), { recursive: true });
  const names = Object.keys(columns);
  const file = openSync(path, 'w');
  let lines = [names.join(',')];
  const flush = () => {
    writeSync(file, lines.map((line) => `${line}\n`).join(''));
    lines = [];
  };
  return {
    write(row) {
      lines.push(
        lineOf(names.map((name) => row[name] ?? null).map((value) => (value === null ? null : String(value)))),
      );
      if (lines.length > 10_000) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

/**
 * A table in the layout of `--data DIR`: one file `DIR/<table>.<format>`, or, for large sets, a folder `DIR/<table>/`
 * of files that are small enough to be read in parallel.
 */
export function table(
  folder: string,
  name: string,
  format: 'parquet' | 'csv',
  columns: Columns,
  parts: boolean,
): TableWriter {
  const open = format === 'parquet' ? parquetFile : csvFile;
  if (!parts) return open(join(folder, `${name}.${format}`), columns);
  const rowsPerFile = 1_000_000;
  let rows = 0;
  let current: TableWriter | undefined;
  return {
    write(row) {
      if (rows % rowsPerFile === 0) {
        current?.close();
        const part = String(rows / rowsPerFile).padStart(5, '0');
        current = open(join(folder, name, `part-${part}.${format}`), columns);
      }
      rows++;
      current?.write(row);
    },
    close: () => current?.close(),
  };
}
