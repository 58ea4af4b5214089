import * as z from 'zod';
import { columns, identifier } from '#lib/pipelines/columns.ts';
import { ModelSchema, PredictionsSchema } from '#lib/pipelines/model.ts';
import { brokenReferences } from '#lib/pipelines/references.ts';

export { type Column, ColumnSchema, type ColumnType, oneOf } from '#lib/pipelines/columns.ts';
export type { AnswerColumn, Model } from '#lib/pipelines/model.ts';

/**
 * What a pipeline is: data. No AWS construct in here and none in a pipeline's folder.
 *
 * The schema below is the single source of a field's type, its check and its line in the reference pages (the text
 * given to `describe`). `definePipeline` refuses a bad definition with the path of every field that is wrong.
 */

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
