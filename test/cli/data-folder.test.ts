import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDataFolder } from '#cli/data/folder.ts';
import { Problem } from '#cli/setup/problem.mjs';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';

let folder: string;
const put = (...names: string[]) => {
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
};
const read = () => readDataFolder(folder, buyerStage);
const problem = (): Problem => {
  try {
    read();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'presage-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('--data', () => {
  it('takes one file, a folder of files, and any of the formats', () => {
    put(
      'survey.csv.gz',
      'consumer_summary_t001/a.parquet',
      'consumer_summary_t001/b.parquet',
      'consumer_summary_t007.csv',
    );
    expect(read().sources.map(({ source, format, files }) => [source, format, files.length])).toEqual([
      ['consumer_summary_t001', 'parquet', 2],
      ['consumer_summary_t007', 'csv', 1],
      ['survey', 'csv', 1],
    ]);
  });

  it('takes a holdout beside the sources', () => {
    put('survey.csv', 'holdout.csv');
    expect(read().sources.map(({ source }) => source)).toEqual(['holdout', 'survey']);
  });

  it('says what it does not read, and says nothing of what other programs leave', () => {
    put('survey.csv', 'notes.txt', 'other.csv', '_SUCCESS', '.DS_Store', 'consumer_summary_t001/readme.md');
    expect(read().notices.map((notice) => notice.replace(`${folder}/`, ''))).toEqual([
      'consumer_summary_t001/readme.md is no .csv, .csv.gz or .parquet file and is not read',
      'notes.txt is none of buyer-stage’s sources and is not read',
      'other.csv is none of buyer-stage’s sources and is not read',
    ]);
  });

  it('leaves a missing source to the checks of the run', () => {
    put('survey.csv');
    expect(read().sources).toHaveLength(1);
  });

  it('refuses a folder without any source and lists what was expected', () => {
    put('something.csv');
    expect(problem()).toMatchObject({ exitCode: 2, message: expect.stringContaining('consumer_summary_t001') });
  });

  it('refuses a folder that is missing or is a file', () => {
    expect(() => readDataFolder(join(folder, 'none'), buyerStage)).toThrow('there is no such folder');
    put('survey.csv');
    expect(() => readDataFolder(join(folder, 'survey.csv'), buyerStage)).toThrow('it is a file');
  });

  it('tells all problems at once: two formats in one source, a folder beside a file', () => {
    put('survey/a.csv', 'survey/b.parquet', 'consumer_summary_t001.csv', 'consumer_summary_t001/a.csv');
    expect(problem().message).toContain('consumer_summary_t001: there is both a folder and a file');
    expect(problem().message).toContain('survey: files of csv and parquet');
  });
});
