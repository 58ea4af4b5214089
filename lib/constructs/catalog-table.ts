import { Stack } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Construct } from 'constructs';
import type { ColumnType } from '#lib/pipelines/pipeline.ts';

export interface CatalogTableProps {
  database: string;
  tableName: string;
  description: string;
  /** `s3://…/`; of a partitioned table only a place holder, because each partition has its own location. */
  location: string;
  format: 'parquet' | 'csv';
  /** A CSV table has every column as string: Athena's OpenCSVSerDe reads an empty field as no number at all. */
  columns: Record<string, ColumnType>;
  partitions?: Record<string, ColumnType>;
  /** CSV with a header line. */
  header?: boolean;
}

const HIVE_TYPES: Record<ColumnType, string> = {
  varchar: 'string',
  bigint: 'bigint',
  integer: 'int',
  double: 'double',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
};

const FORMATS = {
  parquet: {
    inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
    serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
  },
  csv: {
    inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    serdeInfo: {
      serializationLibrary: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
      // The escape character is set to one that no data has: OpenCSV's own default, the backslash, eats backslashes.
      parameters: { separatorChar: ',', quoteChar: '"', escapeChar: '\u0001' },
    },
  },
} as const;

/** A table of the environment's Glue database. */
export class CatalogTable extends CfnTable {
  constructor(scope: Construct, id: string, props: CatalogTableProps) {
    const { format, partitions = {} } = props;
    const column = ([name, type]: [string, ColumnType]) => ({
      name,
      type: HIVE_TYPES[format === 'csv' ? 'varchar' : type],
    });
    super(scope, id, {
      catalogId: Stack.of(scope).account,
      databaseName: props.database,
      tableInput: {
        name: props.tableName,
        description: props.description,
        tableType: 'EXTERNAL_TABLE',
        parameters: {
          classification: format,
          ...(format === 'csv' && props.header ? { 'skip.header.line.count': '1' } : {}),
        },
        partitionKeys: Object.entries(partitions).map(([name, type]) => ({ name, type: HIVE_TYPES[type] })),
        storageDescriptor: {
          ...FORMATS[format],
          location: props.location,
          columns: Object.entries(props.columns).map(column),
        },
      },
    });
  }
}
