import { describe, expect, test } from 'vitest';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { metricNames, metricsQuery } from '#lib/sql/metrics-sql.ts';
import { profileQuery, readProfile } from '#lib/sql/profile-sql.ts';
import { qualityQuery, readQuality } from '#lib/sql/quality-sql.ts';
import { normalisedLabel, predictionsQuery, scoredColumns } from '#lib/sql/scored-sql.ts';
import { dateLiteral, doubleLiteral, literal, textExpression, withParameters, withRunDate } from '#lib/sql/sql-text.ts';
import { visits } from './fixture.ts';

const STATES: PipelineInput['sources'][string]['columns'] = {
  state: 'varchar',
  week: { type: 'bigint' as const, oneOf: [1, 2] },
};

// What the queries answer is judged on Trino and DuckDB: golden/*.golden.ts.

describe('text that becomes SQL', () => {
  test('cannot end its literal', () => {
    expect(literal("it's '; DROP TABLE x --")).toBe("'it''s ''; DROP TABLE x --'");
    expect(() => literal('a\0b')).toThrow('NUL');
  });

  test('is a date or refused', () => {
    expect(dateLiteral('2020-02-07')).toBe("DATE '2020-02-07'");
    expect(() => dateLiteral("2020-02-07' OR 1=1")).toThrow('no date');
  });

  test('is a double, never a decimal', () => {
    expect([0, 180, -3, 0.5, 1e-9].map(doubleLiteral)).toEqual(['0E0', '1.8E2', '(-3E0)', '5E-1', '1E-9']);
    expect(() => doubleLiteral(Number.NaN)).toThrow('NaN');
  });

  test('of a parameter holds nothing that any engine reads in its own way', () => {
    expect(textExpression('AR')).toBe("'AR'");
    expect(textExpression('')).toBe("''");
    expect(textExpression("it's")).toBe("CONCAT('it', CHR(39), 's')");
    expect(textExpression('\\')).toBe("CONCAT('', CHR(92), '')");
    expect(textExpression('a$b:c')).toBe("CONCAT('a', CHR(36), 'b', CHR(58), 'c')");
    expect(() => textExpression('a\0b')).toThrow('NUL');
  });

  test('takes the places of the parameters of the pipeline, and of no others', () => {
    const pipeline = { parameters: { country: { says: 'one country' }, city: { says: 'one city' } } };
    const sql = 'a = :country AND b = :city AND c = :country_code AND d = :run_date';
    const filled = withParameters(sql, pipeline, { country: ':city', code: 'x' });
    expect(filled).toBe("a = CONCAT('', CHR(58), 'city') AND b = '' AND c = :country_code AND d = :run_date");
    expect(withParameters(sql, { parameters: {} }, { country: 'AR' })).toBe(sql);
  });

  test('takes the place of the run date, and of nothing that only begins like it', () => {
    expect(withRunDate('a <= :run_date AND b = :run_dates', '2020-02-07')).toBe(
      "a <= DATE '2020-02-07' AND b = :run_dates",
    );
  });
});

describe('the profile', () => {
  test('is one query over the sources asked for, by the names of the environment', () => {
    const sql = profileQuery(
      buyerStage,
      { tableNames: { survey: 'answers' }, formats: { survey: 'parquet' } },
      '2020-02-07',
      ['survey', 'consumer_summary_t001'],
    );
    expect(sql.match(/UNION ALL/g)).toHaveLength(1);
    expect(sql).toContain('FROM answers');
    expect(sql).not.toContain('REGEXP_LIKE');
    expect(sql).toContain("'Casual Explorer'");
  });

  test('counts repeated rows of a source whose rows are distinct, by all columns', () => {
    const { sources } = visits({}, { sources: { event: { format: 'csv', key: [], distinct: true, columns: STATES } } });
    const sql = profileQuery({ ...buyerStage, sources }, {}, '2020-02-07', ['event']);
    expect(sql).toContain('GROUP BY __state, state, week');
    expect(sql).toContain('week NOT IN (1, 2)');
  });

  test('refuses a source the pipeline does not have', () => {
    expect(() => profileQuery(buyerStage, {}, '2020-02-07', ['surveys'])).toThrow('no source surveys');
  });

  test('is read from the text Athena gives, whose empty cells are nulls', () => {
    const row = { source: 'survey', rows: '2', duplicates: '0', without_key: '1', after_run_date: '0', newest: '' };
    const none = { unreadable: '0', unreadable_example: undefined, unknown_buyer_stage: '1', example_buyer_stage: 'X' };
    expect(readProfile([{ ...row, ...none }]).survey).toMatchObject({
      rows: 2,
      withoutKey: 1,
      newest: null,
      unreadableExample: null,
      unknown: { buyer_stage: { count: 1, example: 'X' } },
    });
  });
});

describe('the quality query', () => {
  test('is about the tables asked for only', () => {
    expect(qualityQuery(buyerStage, [], '2020-02-07', {})).toBeUndefined();
    expect(qualityQuery(buyerStage, ['features'], '2020-02-07', {})).toContain('buyer_stage_features_candidate');
  });

  test('answers by the index of the rule', () => {
    const [result] = readQuality(buyerStage, [
      { rule: '2', violations: '3', example: 'k', lowest: '-1.0', highest: '' },
    ]);
    expect(result).toMatchObject({ rule: { rule: 'between' }, violations: 3, lowest: -1, highest: null });
    expect(() => readQuality(buyerStage, [{ rule: '99' }])).toThrow('rule 99');
  });
});

describe('scores', () => {
  test('of several classes have a measure for each', () => {
    expect(metricNames(buyerStage.model ?? expect.fail())).toContain('recall.Ready to Transact');
  });

  test('are looked for in one transform of one execution', () => {
    const sql = metricsQuery(buyerStage, { execution: "o'clock", scored: 'm1' });
    expect(sql).toContain("run = 'o''clock' AND scored = 'm1'");
  });

  test('take 1 and 1.0 for one class, and leave names alone', () => {
    expect(['1', '1.0', ' 1.00 ', '-1.', '10', '1.5', 'Dreamer', 'v1.0'].map(normalisedLabel)).toEqual([
      '1',
      '1',
      '1',
      '-1',
      '10',
      '1.5',
      'Dreamer',
      'v1.0',
    ]);
  });

  test('have no positive class unless the model is binary', () => {
    expect(scoredColumns(buyerStage)).toEqual({
      member_id: 'varchar',
      predicted_label: 'varchar',
      probability: 'double',
      labels: 'array(varchar)',
      probabilities: 'array(double)',
      model: 'varchar',
    });
  });

  test('say which model has made them', () => {
    const queries = {
      predictions: { athena: 'SELECT model FROM scored', spark: '', sources: [], tables: [], predictions: false },
    };
    const sql = predictionsQuery({ ...buyerStage, queries }, { execution: 'r', scored: 'm1' }, '2020-02-07');
    expect(sql).toContain("CAST('m1' AS varchar) AS model FROM (SELECT member_id");
  });

  test('are refused for a pipeline without a model', () => {
    const { model: _, predictions: __, ...rest } = buyerStage;
    expect(() => metricsQuery(definePipeline(rest), { execution: 'r', scored: 'm' })).toThrow('has no model');
  });
});
