import * as z from 'zod';
import { columns, identifier } from '#lib/pipelines/columns.ts';

/** What a definition says of its model, and of what becomes of the model's answers. */

export const ModelSchema = z.object({
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
  derived: columns
    .default({})
    .describe('Features that no table has: sql/training.sql and sql/inference.sql make them, of these types.'),
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
  of: z
    .enum([...ANSWER_COLUMNS, 'run_date'])
    .describe(
      'Column of `scored` that sql/predictions.sql makes it of, or the run date: the day of the request, in UTC.',
    ),
  min: z.number().optional().describe('What is less becomes this.'),
  max: z.number().optional().describe('What is more becomes this.'),
});

export const PredictionsSchema = z.object({
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

export type Model = z.output<typeof ModelSchema>;
export type AnswerColumn = (typeof ANSWER_COLUMNS)[number];
