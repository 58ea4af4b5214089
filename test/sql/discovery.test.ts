import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadPipeline, loadPipelines } from '#lib/pipelines/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'presage-pipelines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, source?: string) => {
  mkdirSync(path.join(folder, name));
  if (source) writeFileSync(path.join(folder, name, 'pipeline.ts'), source);
};

test('every folder is a pipeline of its name', async () => {
  write('weather', `export default { name: 'weather' };`);
  write('tides', `export default { name: 'tides' };`);
  writeFileSync(path.join(folder, 'notes.md'), '');
  expect(Object.keys(await loadPipelines(folder))).toEqual(['tides', 'weather']);
});

test('the pipelines of the project load', async () => {
  expect((await loadPipelines())['buyer-stage']?.engine).toBe('emr');
});

test('every unsound folder is named at once, with what to do', async () => {
  write('empty');
  write('nameless', 'export default {};');
  write('renamed', `export default { name: 'other' };`);
  write('broken', `throw new Error('the definition has 1 problem');`);
  await expect(loadPipelines(folder)).rejects.toThrow(
    /broken\/pipeline\.ts: the definition has 1 problem\n.*empty\/pipeline\.ts is missing.*\n.*nameless\/pipeline\.ts has no default export.*\n.*renamed\/pipeline\.ts names itself 'other'/,
  );
});

test('an unknown name is answered with the names there are', async () => {
  write('weather', `export default { name: 'weather' };`);
  await expect(loadPipeline('wether', folder)).rejects.toThrow('There is no pipeline wether (did you mean weather?)');
});
