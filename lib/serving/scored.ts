import type { Scoring } from '#lambdas/shared/http/serving.ts';
import type { AnswerColumn } from '#lib/pipelines/pipeline.ts';
import { normalisedLabel } from '#lib/sql/scored-sql.ts';

export type Scored = string | number | boolean | null;

/**
 * What lib/sql/scored-sql.ts and a pipeline's predictions.sql make of a scored row, of one answer: the fields of the line
 * that the model's container gives. By hand, because nobody starts a query engine for one row; a test holds the two
 * against each other. Null is what they cannot tell. The run date is a day, `YYYY-MM-DD`.
 */
export function predictionOf(scoring: Scoring, fields: string[], runDate: string): Record<string, Scored> {
  const answer = { ...answerOf(scoring, fields), run_date: runDate };
  return Object.fromEntries(
    Object.entries(scoring.columns).map(([name, { of, min = -Infinity, max = Infinity }]) => {
      const value = answer[of] ?? null;
      return [name, typeof value === 'number' ? Math.min(Math.max(value, min), max) : value];
    }),
  );
}

/** The columns of `scored` besides the key. */
export function answerOf(
  { problem, positive, threshold }: Pick<Scoring, 'problem' | 'positive' | 'threshold'>,
  [first = '', second = '', third = '']: string[],
): Partial<Record<AnswerColumn, Scored>> {
  if (problem === 'regression') return { predicted_value: first === '' ? null : numberOf(first) };
  const label = first === '' ? null : normalisedLabel(first);
  const labels = labelList(third);
  const probabilities = numberList(second);
  const probabilityOf = (one: string | null) => probabilities[labels.indexOf(one ?? '')] ?? null;
  const sure = probabilityOf(normalisedLabel(positive ?? ''));
  return {
    predicted_label: label,
    probability: label === null ? null : probabilityOf(label),
    ...(problem === 'binary' ? { positive_probability: sure } : {}),
    ...(threshold === undefined ? {} : { above_threshold: sure === null ? null : sure > threshold }),
  };
}

/** `['Dreamer', 'Active Searcher']`, `["it's"]`, `[0, 1.0]`: a comma inside a name stays. */
function labelList(text: string): string[] {
  const inner = text.replaceAll(/^\s*\[\s*['"]?|['"]?\s*\]\s*$/g, '');
  if (inner === '') return [];
  const between = /^\s*\[\s*['"]/.test(text) ? /['"]\s*,\s*['"]/ : /\s*,\s*/;
  return inner.split(between).map(normalisedLabel);
}

function numberList(text: string): number[] {
  const inner = text.replaceAll(/\[|\]|\s/g, '');
  return inner === '' ? [] : inner.split(',').map(numberOf);
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new Error('The model answered with something that is no number');
  return value;
}
