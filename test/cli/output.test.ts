import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatted } from '#cli/commands/query.ts';
import { stackEvent } from '#cli/local/deploy.ts';
import { mailsIn, readMail } from '#cli/run/mail.ts';
import { RunProgress } from '#cli/run/progress.ts';
import { PlainScreen, seconds } from '#cli/run/screen.ts';
import { quality } from '#cli/run/summary.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

const model = buyerStage.model as Model;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'presage-output-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('progress without a terminal', () => {
  const lines: string[] = [];
  const screen = () => {
    lines.length = 0;
    return new PlainScreen((line) => lines.push(line.replace(/^\d\d:\d\d:\d\d {2}/, '')));
  };

  it('is one timed line for the start, each news and the end of a step', () => {
    const progress = new RunProgress(screen());
    const step = { machine: 'ml', name: 'automl', status: 'RUNNING', startedAt: Date.now(), attempts: 1 } as const;
    const known = { ...step } as Parameters<RunProgress['update']>[0][number];
    progress.update([known]);
    progress.update([Object.assign(known, { progress: '4 candidates' })]);
    progress.update([known]);
    progress.update([Object.assign(known, { status: 'SUCCEEDED' })]);
    expect(lines).toEqual(['ml automl …', 'ml automl: 4 candidates', 'ml automl done after 0.0 s: 4 candidates']);
  });

  it('shows what was going on when a run was broken off', async () => {
    const plain = screen();
    plain.line('Stacks');
    await plain.close();
    expect(lines.at(-1)).toBe('Stacks FAILED after 0.0 s: broken off');
  });

  it('has no control characters', () => {
    screen().line('Stacks').done('deployed');
    expect(lines.join('')).not.toContain('\u001b');
  });
});

it('durations read well at every size', () => {
  expect([1_540, 99_000, 125_000, 7_320_000].map(seconds)).toEqual(['1.5 s', '99.0 s', '2 min 5 s', '2 h 2 min']);
});

it('the state of a stack is read from a line of cdk deploy', () => {
  expect(stackEvent('presage-local-lake |  3/31 | 11:00:00 AM | CREATE_COMPLETE | AWS::S3::Bucket | Raw')).toEqual({
    stack: 'lake',
    count: '3/31',
  });
  expect(stackEvent('Including dependency stacks: a')).toBeUndefined();
});

describe('the sentence about a model', () => {
  const baseline = { accuracy: 0.4, f1_macro: 0.14 };

  it('names the objective, the holdout, the naive baseline and the share of right answers', () => {
    expect(quality(model, { accuracy: 0.5, f1_macro: 0.412 }, baseline, 398)).toBe(
      'macro-F1 0.412, better than the 0.140 of always naming the most frequent class, on 398 held-out rows; ' +
        '50.0 % of its answers are right, of the baseline’s 40.0 %.',
    );
  });

  it('does not hide a model that is no better', () => {
    expect(quality(model, { accuracy: 0.4, f1_macro: 0.14 }, baseline, 398)).toContain('NOT better than the 0.140');
  });

  it('says that a figure is undefined', () => {
    expect(quality(model, { f1_macro: null }, baseline, 398)).toContain('macro-F1 is undefined');
  });
});

describe('query results', () => {
  const result = {
    columns: [
      { name: 'stage', type: 'varchar' },
      { name: 'n', type: 'bigint' },
    ],
    rows: [
      ['Dreamer', '12'],
      ['a "quoted", one', null],
    ],
  };

  it('are an aligned table with numbers to the right', () => {
    expect(formatted(result, 'table')).toBe(
      'stage               n\n---------------  ----\nDreamer            12\na "quoted", one  NULL\n(2 rows)\n',
    );
  });

  it('are CSV with quotes where they are needed', () => {
    expect(formatted(result, 'csv')).toBe('stage,n\nDreamer,12\n"a ""quoted"", one",\n');
  });

  it('are JSON with numbers as numbers, unless JavaScript would change them', () => {
    const big = { columns: result.columns, rows: [['x', '9007199254740993']] };
    expect(JSON.parse(formatted(result, 'json'))[0]).toEqual({ stage: 'Dreamer', n: 12 });
    expect(JSON.parse(formatted(big, 'json'))[0].n).toBe('9007199254740993');
  });
});

it('recorded mails are read with long and encoded subjects', () => {
  const mail = 'From: a\nSubject: =?utf-8?q?presage_=E2=80=94?=\n failed\nTo: b\n\nFirst line\n\nSecond part\n';
  writeFileSync(join(folder, '20260101-0001.eml'), mail);
  writeFileSync(join(folder, '.20260101-0002.part'), '');
  expect(mailsIn(folder)).toEqual(['20260101-0001.eml']);
  expect(readMail(folder, '20260101-0001.eml')).toMatchObject({
    subject: 'presage — failed',
    text: 'First line\n\nSecond part',
  });
});

it('a subject that begins on the line after its name is read', () => {
  writeFileSync(join(folder, '20260101-0003.eml'), 'Subject:\n [local] buyer-stage failed\nTo: b\n\nText\n');
  expect(readMail(folder, '20260101-0003.eml').subject).toBe('[local] buyer-stage failed');
});
