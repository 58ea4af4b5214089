import { describe, expect, test } from 'vitest';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { definitionPage } from '../../docs/library/definition.ts';
import { page, pages, stalePages } from '../../docs/library/pages.ts';
import { reference } from '../../docs/library/reference.ts';

const shops: PipelineInput = {
  name: 'shops',
  asks: 'Which shop sells most?',
  engine: 'glue',
  schedule: { days: 'monday', at: '01:00', dueBy: '02:00' },
  parameters: { city: { says: 'Only shops of this city.' } },
  sources: {
    sales: {
      format: 'csv',
      key: [],
      distinct: true,
      columns: {
        shop: 'varchar',
        part1: 'bigint',
        part2: 'bigint',
        part3: 'bigint',
        kind: { type: 'varchar', oneOf: ['a|b'] },
      },
    },
    returns: { format: 'csv', key: ['shop'], columns: { shop: 'varchar' }, optional: true },
  },
  counts: { odd: { says: 'rows that are odd', atMost: { share: 0.005, of: 'sales' } } },
  tables: {
    totals: { zone: 'sandbox', engine: 'athena', announce: true, key: ['shop'], columns: { shop: 'varchar' } },
  },
  quality: [{ rule: 'rowsAgainstPreviousRun', table: 'totals', minRatio: 0.5 }],
};

const text = () => reference({ ...definePipeline(shops), queries: {} }, []);

describe('the pages of the pipelines', () => {
  test('have the reference that the definitions give: npm run docs', async () => {
    expect(await stalePages()).toEqual([]);
  });

  test('say in a part written by people what is decided about bad input', async () => {
    for (const [file, written] of Object.entries(await pages()))
      if (file.startsWith('pipelines/')) expect(written.split('<!-- reference')[0], file).toContain('## Bad input');
  });
});

describe('a page', () => {
  test('keeps what people wrote when its reference is written anew', () => {
    const first = page('# shops\n\nMy words.\n', 'shops', 'Which?', 'old facts');
    const second = page(first, 'shops', 'Which?', 'new facts');
    expect(second).toContain('My words.');
    expect(second).toContain('new facts');
    expect(second).not.toContain('old facts');
    expect(page(second, 'shops', 'Which?', 'new facts')).toBe(second);
  });

  test('begins with the question when nobody has written it yet', () => {
    expect(page(undefined, 'shops', 'Which shop sells most?', 'facts')).toMatch(
      /^# shops\n\nWhich shop sells most\?\n/,
    );
  });
});

test('the page about definitions tells every field with what it is for', () => {
  const written = definitionPage();
  expect(written).toContain('| `sources.<name>.lateByDays` | whole number |  | How many days before the run date');
  expect(written).toContain('| `engine` | `athena`, `emr`, `glue` | needed |');
  expect(written).toContain('`quality: rule between`');
});

describe('the reference', () => {
  test.each([
    ['the key of a source that has none', 'No key; rows that agree in every column are counted and read once'],
    ['that a source may be absent', 'CSV, optional'],
    ['columns that count on as one line', '`part1` … `part3` | bigint'],
    ['allowed values, safe inside a table', '`a\\|b`'],
    ['the options of a run', '`--city` | Only shops of this city.'],
    ['how much of what is counted stops a run', 'more than 0.5 % of `sales`'],
    ['the engine of a table that has its own', 'Run by Athena'],
    ['who is told of a table', 'get a mail'],
    ['the rules', '`totals` has at least 50 % of the rows of the last run'],
    ['that there is no model', 'None: the answer is counted'],
    ['the schedule', 'Every Monday at 01:00 UTC'],
  ])('tells %s', (_, said) => {
    expect(text()).toContain(said);
  });
});
