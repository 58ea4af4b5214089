import * as z from 'zod';
import { brokenReferences } from '#lib/pipelines/references.ts';

/**
 * What a pipeline is: data. No AWS construct in here and none in a pipeline's folder.
 *
 * The schema below is the single source of a field's type, its check and its line in the reference pages (the text
 * given to `describe`). `definePipeline` refuses a bad definition with the path of every field that is wrong.
 */

const COLUMN_TYPES = ['varchar', 'bigint', 'integer', 'double', 'boolean', 'date', 'timestamp'] as const;
const identifier = z.string().regex(/^[a-z][a-z0-9_]*$/, 'use lower case letters, digits and underscores');

export const ColumnSchema = z
  .union([
    z.enum(COLUMN_TYPES),
    z.object({
      type: z.enum(COLUMN_TYPES),
      oneOf: z
        .array(z.union([z.string(), z.int()]))
        .min(1)
        .optional()
        .describe('The only values allowed; anything else stops the run. Null is allowed.'),
    }),
  ])
  .transform((column) => (typeof column === 'string' ? { type: column } : column));

const columns = z.record(identifier, ColumnSchema);

const SourceSchema = z.object({
  format: z.enum(['parquet', 'csv']).describe('Format of the raw files; an environment can say otherwise.'),
  key: z
    .array(identifier)
    .describe('Columns that identify a row. Repeated keys are counted and reduced to one row, empty keys dropped.'),
  columns,
  date: identifier
    .optional()
    .describe('Column that says which day a row is about; rows after the run date are not read.'),
  lateByDays: z.int().min(0).optional().describe('How many days before the run date the newest row may be.'),
  distinct: z
    .boolean()
    .default(false)
    .describe('For a source without a key: rows that agree in every column are counted and reduced to one.'),
  optional: z.boolean().default(false).describe('Whether a run may do without it.'),
});

const engine = z.enum(['athena', 'emr', 'glue']);

const TableSchema = z.object({
  zone: z.enum(['curated', 'sandbox']).describe('Curated for tables others build on, sandbox for what people look at.'),
  engine: engine
    .optional()
    .describe('What runs this query when it is not the pipeline’s engine; an environment’s engine wins over both.'),
  announce: z.boolean().default(false).describe('Whether data scientists get a mail when the table is published.'),
  key: z.array(identifier).min(1).describe('Columns that identify a row.'),
  columns: columns.describe('Columns in order; partition columns are not among them.'),
  partitionBy: z.array(identifier).default([]).describe('Further partitions below run_date, as columns of the query.'),
  partitionTypes: columns.default({}),
});

const RuleSchema = z.union([
  z.object({ rule: z.literal('notNull'), table: identifier, column: identifier }),
  z.object({ rule: z.literal('between'), table: identifier, column: identifier, min: z.number(), max: z.number() }),
  z.object({ rule: z.literal('uniqueKey'), table: identifier }),
  z.object({
    rule: z.literal('rowsAgainstPreviousRun'),
    table: identifier,
    minRatio: z
      .number()
      .min(0)
      .max(1)
      .describe('Refused when this run has fewer than this share of the last run’s rows.'),
  }),
]);

const CountSchema = z.object({
  says: z.string().min(5).describe('What is counted, for people: "rows of an unknown device".'),
  atMost: z
    .object({ share: z.number().min(0).max(1), of: identifier })
    .optional()
    .describe('The run stops when the count is more than this share of the rows of source `of`.'),
  atLeast: z.int().min(1).optional().describe('The run stops when the count is less.'),
});

const ParameterSchema = z.object({
  says: z.string().min(5).describe('What the parameter does, for people.'),
});

const constant = z.string().regex(/^[^\r\n]+$/, 'use a text of one line');

const OutputSchema = z.object({
  file: z
    .string()
    .regex(/^[\w<>.-]+\.(csv\.gz|json)$/, 'use <column>, letters, digits, . _ - and the ending .csv.gz or .json')
    .describe('Name in the sandbox and in --out. `<column>` in it makes one file per value of that column.'),
});

const ModelSchema = z.object({
  kind: z
    .enum(['automl', 'script'])
    .describe('SageMaker AutoML, or a Python package of our own: model/<version>/ in the pipeline’s folder.'),
  version: z
    .string()
    .regex(/^v[1-9][0-9]*$/, 'use v1, v2, …')
    .optional()
    .describe('Of a script model: the package in use; an environment can say otherwise.'),
  problem: z
    .enum(['binary', 'multiclass', 'regression'])
    .describe('What is predicted: one of two classes, of several, or a number.'),
  objective: z.enum(['F1macro', 'AUC', 'MSE']).describe('What the training improves and the baseline is compared by.'),
  mode: z.enum(['ENSEMBLING', 'HYPERPARAMETER_TUNING']).default('ENSEMBLING'),
  label: identifier.describe('The column of the training query that is predicted.'),
  classes: z.array(z.string()).min(2).optional().describe('Allowed labels of a classification.'),
  positive: z.string().optional().describe('The class a binary model gives the probability of.'),
  features: z.array(identifier).min(1).describe('Columns sent to the model, in order.'),
  trainingKey: z.array(identifier).min(1).describe('Columns that identify a row of the training query.'),
  entity: z.array(identifier).min(1).describe('Columns that are never on both sides of the holdout split.'),
  holdoutKey: z
    .array(identifier)
    .min(1)
    .optional()
    .describe('Columns by which a `holdout` file names rows of the training query; trainingKey unless said.'),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Of a binary model: `above_threshold` from here on, excluded.'),
  balanced: z
    .boolean()
    .default(false)
    .describe('Whether training weighs the classes equally; the holdout is as it is.'),
  meansBy: z
    .array(identifier)
    .default([])
    .describe('Of a regression: training columns whose means are further baselines.'),
  record: z
    .array(identifier)
    .default([])
    .describe('Metrics kept of every trained model in the table model_training_metadata.'),
  trainEveryDays: z.int().min(1).describe('A model older than this many days, by run date, is trained anew.'),
});

/** Columns of `scored` that one answer of a model has by itself; see lib/sql/scored-sql.ts. */
const ANSWER_COLUMNS = [
  'predicted_label',
  'probability',
  'positive_probability',
  'above_threshold',
  'predicted_value',
] as const;

const ScoredSchema = z.object({
  of: z.enum(ANSWER_COLUMNS).describe('Column of `scored` that sql/predictions.sql makes it of.'),
  min: z.number().optional().describe('What is less becomes this.'),
  max: z.number().optional().describe('What is more becomes this.'),
});

const PredictionsSchema = z.object({
  key: z.array(identifier).min(1).describe('Columns that identify a prediction: the key of the DynamoDB table.'),
  columns: columns.describe('Key columns first, then what is predicted; as made by sql/predictions.sql.'),
  table: identifier.optional().describe('Of a pipeline without a model: the table whose rows are served.'),
  scored: z
    .record(identifier, ScoredSchema)
    .optional()
    .describe(
      'What sql/predictions.sql says of each column but the key, for an endpoint that scores one row at a time.',
    ),
});

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'use HH:MM, 24 hours, UTC');

export const PipelineSchema = z
  .object({
    name: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/, 'use lower case letters, digits and dashes'),
    asks: z.string().min(10).describe('The question the pipeline answers, in one line.'),
    engine: engine.describe('What runs the feature queries; an environment can say otherwise.'),
    schedule: z.object({
      days: z.enum(['daily', 'monday']).default('daily').describe('When it runs.'),
      at: time.describe('When the ETL starts, UTC.'),
      dueBy: time.describe('When the watchdog asks whether the day is green, UTC.'),
      training: time
        .optional()
        .describe('A second schedule trains at this time on the first of the month; the first one then only predicts.'),
    }),
    defaultRunDate: z
      .enum(['newest', 'dayAfterNewest'])
      .default('newest')
      .describe('The run date of a run that names none: the newest day in the sources, or the day after it.'),
    parameters: z
      .record(identifier, ParameterSchema)
      .default({})
      .describe('Text a run can be given besides its date: `:name` in the queries, empty unless given.'),
    constants: z
      .record(identifier, constant)
      .optional()
      .describe('Texts that the queries share, the same in every run: `:name` in the queries.'),
    sources: z.record(identifier, SourceSchema),
    tables: z
      .record(identifier, TableSchema)
      .describe('One query each: sql/<table>.sql. What it reads decides the order.'),
    counts: z
      .record(identifier, CountSchema)
      .default({})
      .describe('Columns of sql/counts.sql, one row over the sources: what is dropped or odd, and how much may be.'),
    quality: z.array(RuleSchema).describe('What must hold of the tables before they are published.'),
    model: ModelSchema.optional(),
    predictions: PredictionsSchema.optional(),
    outputs: z
      .record(identifier, OutputSchema)
      .default({})
      .describe('Files made besides the tables, of sql/<output>.sql: columns as they are, or nested objects in JSON.'),
    announce: z.boolean().default(false).describe('Whether people are told of every run that ended well.'),
  })
  .superRefine((pipeline, context) => {
    for (const { path, message } of brokenReferences(pipeline)) context.addIssue({ code: 'custom', path, message });
  });

export type PipelineInput = z.input<typeof PipelineSchema>;
export type Pipeline = z.output<typeof PipelineSchema>;
export type Source = Pipeline['sources'][string];
export type Table = Pipeline['tables'][string];
export type Model = NonNullable<Pipeline['model']>;
export type AnswerColumn = (typeof ANSWER_COLUMNS)[number];
export type Column = z.output<typeof ColumnSchema>;
export type ColumnType = (typeof COLUMN_TYPES)[number];
export type QualityRule = Pipeline['quality'][number];
export type Engine = Pipeline['engine'];
export type SourceFormat = Source['format'];

/**
 * One query after the build: the same rows in both dialects. `:run_date` stands for a DATE literal, and a parameter of
 * the pipeline for a text literal.
 */
export interface CompiledQuery {
  athena: string;
  spark: string;
  /** What it reads, by the pipeline's own names. */
  sources: string[];
  tables: string[];
  /** Whether it reads `predictions`: those of all run dates, with the column `run_date`. */
  predictions: boolean;
}

/** The definition plus its translated SQL: what the stacks deploy beside each handler as `pipeline.json`. */
export interface CompiledPipeline extends Pipeline {
  /**
   * By table and output name; `counts` for a pipeline with counts; `training`, `inference` and `predictions` for one with
   * a model.
   */
  queries: Record<string, CompiledQuery>;
}

/** Validates a definition. Throws one error that lists every problem, each with the path of its field. */
export function definePipeline(definition: PipelineInput): Pipeline {
  const parsed = PipelineSchema.safeParse(definition);
  if (parsed.success) return parsed.data;
  const name = typeof definition?.name === 'string' ? definition.name : 'pipeline';
  const problems = parsed.error.issues.map((issue) => `  ${name}: ${path(issue.path)}: ${issue.message}`);
  throw new Error(`The definition of ${name} has ${problems.length} problem(s):\n${problems.join('\n')}`);
}

const path = (parts: PropertyKey[]) =>
  parts.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text ? '.' : ''}${String(part)}`),
    '',
  );

/** A varchar column with a closed set of values. */
export const oneOf = (...values: string[]) => ({ type: 'varchar' as const, oneOf: values });
