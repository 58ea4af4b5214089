import { Construct } from 'constructs';
import { CatalogTable } from '#lib/constructs/catalog-table.ts';
import type { Lake } from '#lib/constructs/lake.ts';
import {
  candidateTableName,
  predictionsTableName,
  rawTableName,
  scoresTableName,
  TRAINING_RECORD,
  tableName,
} from '#lib/names.ts';
import type { Column, ColumnType, Pipeline } from '#lib/pipelines/pipeline.ts';
import { baselineColumns } from '#lib/sql/scored-sql.ts';
import { recordColumns } from '#lib/sql/training-record-sql.ts';

const types = (columns: Record<string, Column>): Record<string, ColumnType> =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.type]));

export type SourceLocations = Record<string, { location: string; format: 'parquet' | 'csv' }>;

/** The raw tables of a pipeline, and each table it makes twice: published, and the candidate nobody accepted yet. */
export class EtlTables extends Construct {
  constructor(scope: Construct, id: string, props: { pipeline: Pipeline; lake: Lake; sources: SourceLocations }) {
    super(scope, id);
    const { pipeline, lake, sources } = props;
    const database = lake.names.database;
    for (const [name, source] of Object.entries(pipeline.sources)) {
      const where = sources[name];
      if (!where) throw new Error(`${pipeline.name}: no location for source ${name}`);
      new CatalogTable(this, `Raw-${name}`, {
        database,
        tableName: rawTableName(pipeline.name, name),
        description: `Raw source ${name} of ${pipeline.name}`,
        ...where,
        columns: types(source.columns),
        header: true,
      });
    }
    for (const [name, table] of Object.entries(pipeline.tables)) {
      const bucket = table.zone === 'curated' ? lake.names.curatedBucket : lake.names.sandboxBucket;
      const shared = {
        database,
        location: `s3://${bucket}/${pipeline.name}/${name}/`,
        format: 'parquet' as const,
        columns: types(table.columns),
        partitions: { run_date: 'date' as const, ...types(table.partitionTypes) },
      };
      new CatalogTable(this, `Table-${name}`, {
        ...shared,
        tableName: tableName(pipeline.name, name),
        description: `${name} of ${pipeline.name}, as published`,
      });
      new CatalogTable(this, `Candidate-${name}`, {
        ...shared,
        tableName: candidateTableName(pipeline.name, name),
        description: `${name} of ${pipeline.name}, written by the present run and not accepted yet`,
      });
    }
  }
}

/** What batch transform wrote, readable in SQL, and the predictions made of it. */
export class MlTables extends Construct {
  constructor(scope: Construct, id: string, props: { pipeline: Pipeline; lake: Lake }) {
    super(scope, id);
    const { pipeline, lake } = props;
    const { model, predictions } = pipeline;
    if (!model || !predictions) return;
    const database = lake.names.database;
    const outputs =
      model.problem === 'regression' ? ['predicted_label'] : ['predicted_label', 'probabilities', 'labels'];
    const scores = (dataset: 'holdout' | 'inference', keys: string[]) =>
      new CatalogTable(this, `Scores-${dataset}`, {
        database,
        tableName: scoresTableName(pipeline.name, dataset),
        description: `Rows of ${pipeline.name} with what the model said, as batch transform wrote them (${dataset})`,
        location: `s3://${lake.names.curatedBucket}/${pipeline.name}/ml/`,
        format: 'csv',
        columns: Object.fromEntries([...keys, ...outputs].map((name) => [name, 'varchar'])),
        partitions: { run: 'varchar', scored: 'varchar' },
      });
    scores('holdout', [...model.trainingKey, 'label', ...baselineColumns(model)]);
    scores('inference', predictions.key);
    if (model.record.length)
      new CatalogTable(this, 'TrainingRecord', {
        database,
        tableName: tableName(pipeline.name, TRAINING_RECORD),
        description: `Models of ${pipeline.name} and how good they were when they were trained`,
        location: `s3://${lake.names.curatedBucket}/${pipeline.name}/${TRAINING_RECORD}/`,
        format: 'parquet',
        columns: recordColumns(model),
        // A partition for each run: a day on which two runs train has two rows, and a repeated step still one.
        partitions: { run_date: 'date', run: 'varchar' },
      });
    new CatalogTable(this, 'Predictions', {
      database,
      tableName: predictionsTableName(pipeline.name),
      description: `Predictions of ${pipeline.name}`,
      location: `s3://${lake.names.sandboxBucket}/${pipeline.name}/predictions/`,
      format: 'parquet',
      columns: types(predictions.columns),
      partitions: { run_date: 'date' },
    });
  }
}
