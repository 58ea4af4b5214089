import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packModel } from '#lib/build/model-archive.ts';

let folder: string;
const files: Record<string, string> = {
  'train.py': 'print("train")\n',
  'inference.py': '# ünïcode\n',
  'v1/__init__.py': '',
  'v2/__init__.py': 'x = 1\n'.repeat(200),
};
const put = (name: string, content: string) => {
  mkdirSync(dirname(join(folder, 'model', name)), { recursive: true });
  writeFileSync(join(folder, 'model', name), content);
};
const pack = (version = 'v2', target = 'sourcedir.tar.gz') =>
  packModel(join(folder, 'model'), 'lib/pipelines/x/model', version, join(folder, target));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'presage-model-'));
  for (const [name, content] of Object.entries(files)) put(name, content);
});
afterEach(() => rmSync(folder, { recursive: true }));

it('tar unpacks the code as it was, without tests and caches', () => {
  for (const name of ['test_train.py', 'v1/test_model.py', 'v1/__pycache__/x.pyc', '.DS_Store', 'conftest.py'])
    put(name, 'x');
  pack();
  mkdirSync(join(folder, 'out'));
  execFileSync('tar', ['-xzf', join(folder, 'sourcedir.tar.gz'), '-C', join(folder, 'out')]);
  const listed = execFileSync('tar', ['-tzf', join(folder, 'sourcedir.tar.gz')], { encoding: 'utf8' });
  expect(listed.trim().split('\n').sort()).toEqual(Object.keys(files).sort());
  for (const [name, content] of Object.entries(files))
    expect(readFileSync(join(folder, 'out', name), 'utf8')).toBe(content);
});

it('is the same archive for the same files, whenever they were written', () => {
  const first = pack();
  utimesSync(join(folder, 'model', 'train.py'), 1, 1);
  expect(pack('v1', 'again.tar.gz')).toBe(first);
  expect(readFileSync(join(folder, 'again.tar.gz'))).toEqual(readFileSync(join(folder, 'sourcedir.tar.gz')));
  put('train.py', 'print("other")\n');
  expect(pack()).not.toBe(first);
});

it.each([
  ['v3', undefined, 'lib/pipelines/x/model/v3 is missing: v3 is in use; there is v1, v2'],
  ['v2', 'train.py', 'lib/pipelines/x/model/train.py is missing: SageMaker starts the model there'],
  ['v2', 'inference.py', 'lib/pipelines/x/model/inference.py is missing'],
  ['v2', '', 'lib/pipelines/x/model is missing: a model of kind script has its code there'],
])('says what is missing of a model in use as %s: %s', (version, gone, said) => {
  if (gone !== undefined) rmSync(join(folder, 'model', gone), { recursive: true });
  expect(() => pack(version)).toThrow(said);
});

it('refuses packages that would be installed from the internet', () => {
  put('requirements.txt', 'numpy');
  expect(() => pack()).toThrow('model/requirements.txt would be installed from the internet');
});
