import type { Metrics } from '#lambdas/shared/payload.ts';
import type { Model, Pipeline } from '#lib/pipelines/pipeline.ts';
import { baselineColumns, normalisedLabel, type Scored, scoredRelation } from './scored-sql.ts';
import { literal } from './sql-text.ts';

/** The keys of `metrics` for a model, in the order they are shown. */
export function metricNames(model: Model): string[] {
  if (model.problem === 'regression') return ['mse', 'mae'];
  if (model.problem === 'binary')
    return ['accuracy', 'log_loss', 'roc_auc', 'pr_auc', 'f1', 'precision', 'recall', 'brier'];
  return [
    'accuracy',
    'log_loss',
    'f1_macro',
    ...(model.classes ?? []).flatMap((name) => [`precision.${name}`, `recall.${name}`]),
  ];
}

/** Further baselines, which no model value stands beside: always zero, and the means by a column. */
const furtherBaselines = (model: Model): Record<string, string> =>
  model.problem === 'regression'
    ? {
        'mse.zero': '0E0',
        ...Object.fromEntries(
          baselineColumns(model).flatMap((column) =>
            column === 'baseline_mean' ? [] : [[column.replace('baseline_', 'mse.'), column]],
          ),
        ),
      }
    : {};

/**
 * One query over the scored holdout: rows of metric, model_value, baseline_value (doubles; undefined = null),
 * baseline_only, the first being `rows`, the number of rows judged. Read its answer with `readMetrics`.
 *
 * - A class that is not in the model's answer has probability 0. Probabilities are held within [1e-15, 1] in the log
 *   loss. A row without an answer counts as wrong.
 * - F1 of a class is 2tp / (2tp + fp + fn); the macro mean is over the classes that occur, in labels or answers.
 * - `roc_auc` gives equal scores half a win; `pr_auc` is the average precision, equal scores being one step.
 * - The naive baseline of a classification answers the holdout's most frequent class (of equally frequent ones the
 *   first by name) with the classes' shares as probabilities.
 * - That of a regression answers the mean of the training rows; `mse.zero` and `mse.mean_by_<column>` are those of
 *   further ones. A row without an answer leaves the measures of a regression undefined.
 */
export function metricsQuery(pipeline: Pipeline, which: Scored): string {
  const { model } = pipeline;
  if (!model) throw new Error(`${pipeline.name} has no model to judge`);
  const holdout = scoredRelation(pipeline, 'holdout', which);
  const ctes = model.problem === 'regression' ? regression(holdout, model) : classification(holdout, model);
  const further = Object.keys(furtherBaselines(model));
  const wanted = ['rows', ...metricNames(model), ...further]
    .map((name, i) => `(${i}, ${literal(name)}, ${further.includes(name)})`)
    .join(', ');
  const value = (judge: string) => `MAX(CASE WHEN measured.judge = '${judge}' THEN measured.value END)`;
  return `WITH ${ctes.join(',\n')}
SELECT wanted.metric, ${value('model')} AS model_value, ${value('baseline')} AS baseline_value, wanted.baseline_only
FROM (VALUES ${wanted}) AS wanted (place, metric, baseline_only)
LEFT JOIN measured ON measured.metric = wanted.metric
GROUP BY wanted.place, wanted.metric, wanted.baseline_only
ORDER BY wanted.place ASC NULLS LAST`;
}

/** The rows of the answer, as text the way Athena gives them. */
export function readMetrics(rows: Record<string, string | null | undefined>[]) {
  const number = (value: string | null | undefined) => (value == null || value === '' ? null : Number(value));
  const measured = rows.filter((row) => row.metric !== 'rows');
  const column = (of: typeof rows, name: string): Metrics =>
    Object.fromEntries(of.map((row) => [row.metric ?? '', number(row[name])]));
  return {
    rows: number(rows.find((row) => row.metric === 'rows')?.model_value) ?? 0,
    metrics: column(
      measured.filter((row) => row.baseline_only !== 'true'),
      'model_value',
    ),
    baseline: column(measured, 'baseline_value'),
  };
}

const ratio = (a: string, b: string) => `CAST(${a} AS double) / NULLIF(CAST(${b} AS double), 0E0)`;
const count = (condition: string) => `SUM(CASE WHEN ${condition} THEN 1E0 ELSE 0E0 END)`;

/** Model and baseline are judged by the same expressions: each labelled row is there once for either. */
function classification(holdout: string, model: Model): string[] {
  const positive = literal(normalisedLabel(model.positive ?? ''));
  const classes = (model.classes ?? [])
    .map((name) => `(${literal(normalisedLabel(name))}, ${literal(name)})`)
    .join(', ');
  const ctes = [
    `answered AS (SELECT * FROM (${holdout}) AS every WHERE every.label IS NOT NULL)`,
    'frequency AS (SELECT label, COUNT(*) AS label_rows FROM answered GROUP BY label)',
    `total AS (SELECT SUM(label_rows) AS all_rows, SUM(CASE WHEN label = ${positive} THEN label_rows ELSE 0 END) AS positive_rows FROM frequency)`,
    `ranked AS (SELECT label, ROW_NUMBER() OVER (ORDER BY label_rows DESC NULLS LAST, label ASC NULLS LAST) AS place FROM frequency)`,
    `judged AS (
  SELECT 'model' AS judge, answered.label, answered.predicted_label AS predicted,
    COALESCE(answered.label_probability, 0E0) AS label_probability,
    ${model.positive ? 'COALESCE(answered.positive_probability, 0E0)' : '0E0'} AS score
  FROM answered
  UNION ALL
  SELECT 'baseline' AS judge, answered.label, ranked.label AS predicted,
    ${ratio('frequency.label_rows', 'total.all_rows')} AS label_probability,
    ${ratio('total.positive_rows', 'total.all_rows')} AS score
  FROM answered
  INNER JOIN frequency ON frequency.label = answered.label
  INNER JOIN ranked ON ranked.place = 1
  CROSS JOIN total
)`,
    `overall AS (
  SELECT judge, CAST(COUNT(*) AS double) AS judged_rows,
    AVG(CASE WHEN label = predicted THEN 1E0 ELSE 0E0 END) AS accuracy,
    AVG(-LN(GREATEST(LEAST(label_probability, 1E0), 1E-15))) AS log_loss,
    AVG(CASE WHEN label = ${positive} THEN (1E0 - score) * (1E0 - score) ELSE score * score END) AS brier
  FROM judged GROUP BY judge
)`,
    `known AS (SELECT * FROM (VALUES ${classes}) AS listed (class, class_name))`,
    `outcome AS (
  SELECT judged.judge, known.class, known.class_name,
    ${count('judged.label = known.class AND judged.predicted = known.class')} AS tp,
    ${count('judged.label <> known.class AND judged.predicted = known.class')} AS fp,
    ${count('judged.label = known.class AND (judged.predicted IS NULL OR judged.predicted <> known.class)')} AS fn
  FROM judged CROSS JOIN known
  GROUP BY judged.judge, known.class, known.class_name
)`,
  ];
  const measured = [
    ['overall', "'rows'", 'judged_rows'],
    ['overall', "'accuracy'", 'accuracy'],
    ['overall', "'log_loss'", 'log_loss'],
  ].map(([from, name, value]) => `SELECT judge, ${name} AS metric, ${value} AS value FROM ${from}`);
  const f1 = ratio('2E0 * tp', '2E0 * tp + fp + fn');
  if (model.problem === 'multiclass')
    measured.push(
      `SELECT judge, 'f1_macro' AS metric, AVG(${f1}) AS value FROM outcome GROUP BY judge`,
      `SELECT judge, CONCAT('precision.', class_name) AS metric, ${ratio('tp', 'tp + fp')} AS value FROM outcome`,
      `SELECT judge, CONCAT('recall.', class_name) AS metric, ${ratio('tp', 'tp + fn')} AS value FROM outcome`,
    );
  else {
    ctes.push(...ranking(positive));
    const ofPositive = `FROM outcome WHERE class = ${positive}`;
    measured.push(
      "SELECT judge, 'brier' AS metric, brier AS value FROM overall",
      `SELECT judge, 'f1' AS metric, ${f1} AS value ${ofPositive}`,
      `SELECT judge, 'precision' AS metric, ${ratio('tp', 'tp + fp')} AS value ${ofPositive}`,
      `SELECT judge, 'recall' AS metric, ${ratio('tp', 'tp + fn')} AS value ${ofPositive}`,
      "SELECT judge, 'roc_auc' AS metric, roc_auc AS value FROM ranking",
      "SELECT judge, 'pr_auc' AS metric, pr_auc AS value FROM ranking",
    );
  }
  return [...ctes, `measured AS (\n  ${measured.join('\n  UNION ALL ')}\n)`];
}

/** Both areas from one pass over the distinct scores, the best first: equal scores are taken together. */
function ranking(positive: string): string[] {
  return [
    `by_score AS (
  SELECT judge, score, ${count(`label = ${positive}`)} AS positives, ${count(`label <> ${positive}`)} AS negatives
  FROM judged GROUP BY judge, score
)`,
    `passed AS (
  SELECT judge, positives, negatives,
    SUM(positives) OVER (PARTITION BY judge ORDER BY score DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS positives_above,
    SUM(negatives) OVER (PARTITION BY judge ORDER BY score DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS negatives_above,
    SUM(positives) OVER (PARTITION BY judge) AS all_positives,
    SUM(negatives) OVER (PARTITION BY judge) AS all_negatives
  FROM by_score
)`,
    `ranking AS (
  SELECT judge,
    SUM(positives * (all_negatives - negatives_above + 5E-1 * negatives)) / NULLIF(MAX(all_positives) * MAX(all_negatives), 0E0) AS roc_auc,
    SUM(positives * (${ratio('positives_above', 'positives_above + negatives_above')})) / NULLIF(MAX(all_positives), 0E0) AS pr_auc
  FROM passed GROUP BY judge
)`,
  ];
}

function regression(holdout: string, model: Model): string[] {
  const judges: [judge: string, metrics: string[], guess: string][] = [
    ['model', ['mse', 'mae'], 'predicted_value'],
    ['baseline', ['mse', 'mae'], 'baseline_mean'],
    ...Object.entries(furtherBaselines(model)).map(([metric, guess]): [string, string[], string] => [
      'baseline',
      [metric],
      guess,
    ]),
  ];
  const measures: string[] = [];
  for (const [judge, metrics, guess] of judges)
    for (const metric of metrics) {
      const miss = `(label - ${guess})`;
      const error = metric === 'mae' ? `ABS${miss}` : `${miss} * ${miss}`;
      const mean = `CASE WHEN COUNT(${guess}) = COUNT(*) THEN AVG(${error}) END`;
      measures.push(`SELECT '${judge}' AS judge, ${literal(metric)} AS metric, ${mean} AS value FROM answered`);
    }
  return [
    `answered AS (SELECT * FROM (${holdout}) AS every WHERE every.label IS NOT NULL)`,
    `measured AS (
  SELECT 'model' AS judge, 'rows' AS metric, CAST(COUNT(*) AS double) AS value FROM answered
  UNION ALL ${measures.join('\n  UNION ALL ')}
)`,
  ];
}
