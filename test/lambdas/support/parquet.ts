import { type BasicType, parquetWriteBuffer, type SchemaElement, schemaFromColumnData } from 'hyparquet-writer';

/** A Parquet file of these columns: name → [type, values]. */
export function parquetOf(columns: Record<string, [BasicType | 'DATE', unknown[]]>): Uint8Array {
  const date = (name: string): SchemaElement => ({
    name,
    type: 'INT32',
    converted_type: 'DATE',
    repetition_type: 'OPTIONAL',
  });
  const entries = Object.entries(columns);
  const columnData = entries.map(([name, [type, data]]) => ({
    name,
    data: data as never[],
    ...(type === 'DATE' ? {} : { type }),
  }));
  const schemaOverrides = Object.fromEntries(
    entries.filter(([, [type]]) => type === 'DATE').map(([name]) => [name, date(name)]),
  );
  const schema = schemaFromColumnData({ columnData, schemaOverrides });
  return new Uint8Array(
    parquetWriteBuffer({ columnData: columnData.map(({ name, data }) => ({ name, data })), schema }),
  );
}

export const days = (...texts: string[]) => texts.map((text) => new Date(`${text}T00:00:00Z`));

/** Rows of the source `visits` as declared. */
export const visits = (rows = 2) =>
  parquetOf({
    member_id: ['STRING', Array.from({ length: rows }, (_, i) => `m${i}`)],
    snapshot_date: ['DATE', Array.from({ length: rows }, () => new Date('2020-02-06T00:00:00Z'))],
    views: ['INT64', Array.from({ length: rows }, (_, i) => BigInt(i))],
    seconds: ['DOUBLE', Array.from({ length: rows }, (_, i) => i / 2)],
  });
