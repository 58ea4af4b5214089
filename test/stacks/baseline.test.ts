import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Environment, environments } from '#lib/environments.ts';
import { type Json, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

/**
 * What a deploy would make, as text to review: one line per property, hashes of assets left out.
 *
 * `dev` is kept whole, every other environment as its difference from `dev`. A change that is meant is taken over with
 * UPDATE_BASELINES=1; the diff of these files is then the change list of the pull request.
 */
const folder = join(import.meta.dirname, '..', 'baselines');
const update = process.env.UPDATE_BASELINES === '1';

let lines: Record<string, string[]>;
beforeAll(async () => {
  // The same account for all, so that they differ in what was chosen and not in where it is.
  const alike = Object.entries<Environment>(environments).map(([name, e]) => [name, { ...e, account: '111111111111' }]);
  const templates = await synthTemplates({ environments: Object.fromEntries(alike) });
  lines = Object.fromEntries(Object.keys(environments).map((name) => [name, linesOf(templates, name)]));
}, SYNTH_MS);

it('dev is deployed as its baseline says', () => {
  check('dev.txt', lines.dev ?? []);
});

it.each(Object.keys(environments).filter((name) => name !== 'dev'))(
  '%s differs from dev as its baseline says',
  (name) => {
    const dev = new Set(lines.dev);
    const own = new Set(lines[name]);
    const only = [...own].filter((line) => !dev.has(line)).map((line) => `+ ${line}`);
    const missing = [...dev].filter((line) => !own.has(line)).map((line) => `- ${line}`);
    check(
      `${name}-against-dev.txt`,
      [...only, ...missing].sort((a, b) => a.slice(2).localeCompare(b.slice(2))),
    );
  },
);

function check(file: string, actual: string[]) {
  const path = join(folder, file);
  if (update) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, `${actual.join('\n')}\n`);
  }
  expect(existsSync(path), `${file} is missing: UPDATE_BASELINES=1 makes it`).toBe(true);
  const expected = readFileSync(path, 'utf8').trimEnd().split('\n');
  const [was, is] = [new Set(expected), new Set(actual)];
  const changes = [
    ...expected.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...actual.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
  expect(
    changes,
    `The templates changed; if that is meant: UPDATE_BASELINES=1 npx vitest run test/stacks/baseline`,
  ).toEqual([]);
}

function linesOf(templates: Record<string, Template>, environment: string): string[] {
  const all = Object.values(templates)
    .filter((template) => template.stack.startsWith(`presage-${environment}-`))
    .flatMap((template) => {
      const stack = template.stack.replace(`presage-${environment}-`, '');
      return leaves(template.Resources).map((line) => `${stack} ${normalise(line, environment)}`);
    });
  return [...new Set(all)].sort();
}

const withoutHashes = (text: string) => text.replace(/[0-9a-f]{64}/g, '<asset>');

/** What a statement names, in an order that no hash has a say in. */
function inOrder(statement: Json): Json {
  if (!Array.isArray(statement.Resource)) return statement;
  const sorted = statement.Resource.map((one: Json) => [withoutHashes(JSON.stringify(one)), one]).sort(
    ([a]: [string], [b]: [string]) => (a < b ? -1 : 1),
  );
  return { ...statement, Resource: sorted.map(([, one]: [string, Json]) => one) };
}

/** Hashes of assets and the environment's own name say nothing about what changed. */
const normalise = (line: string, environment: string) =>
  withoutHashes(line)
    // The functions of a stack have one and the same settings.
    .replace(/^Steps\w+Function[0-9A-F]{8}(?=\.Properties\.Environment\.Variables\.SETTINGS)/, 'Steps<each>')
    .replace(/pr[0-9a-f]{8}/g, '<jobs>')
    .replaceAll(`presage-${environment}`, 'presage-<env>')
    .replaceAll(`presage_${environment}`, 'presage_<env>')
    .replaceAll(`Presage ${environment}`, 'Presage <env>');

/**
 * `path = value` for every leaf. A long list of catalogue columns is one line, because it changes as one; so is each
 * statement of a policy and each tag, without its place: a new one does not change the lines of the others.
 */
function leaves(value: Json, path = ''): string[] {
  if (Array.isArray(value) && /(PolicyDocument\.Statement|\.Tags)$/.test(path))
    return value.map((one) => `${path} = ${JSON.stringify(inOrder(one))}`);
  if (Array.isArray(value) && path.endsWith('.Columns'))
    return [`${path} = ${value.map((column) => `${column.Name} ${column.Type}`).join(', ')}`];
  if (value && typeof value === 'object')
    return Object.entries<Json>(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
  return [`${path} = ${JSON.stringify(value)}`];
}
