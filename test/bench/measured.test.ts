import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';

vi.setConfig({ testTimeout: 60_000 }); // starts Python

const python = venvPython(root);
const measured = (limit: string[], program: string) =>
  JSON.parse(
    execFileSync(python, [join(root, 'bench/python/measured.py'), ...limit, python, '-c', program], {
      encoding: 'utf8',
    }),
  );

test('what a command says is in its measurement', () => {
  expect(measured([], 'print(\'{"seconds": 1.5}\')')).toMatchObject({
    seconds: expect.any(Number),
    peakBytes: expect.any(Number),
    said: { seconds: 1.5 },
  });
});

test('a command that takes longer than it may is ended and left out', () => {
  expect(measured(['--at-most', '1'], 'import time; time.sleep(600)')).toEqual({ leftOut: 'not done after 1 s' });
});

test('a command that may fail is left out with its last words', () => {
  expect(measured(['--at-most', '60'], 'raise SystemExit("no memory left")')).toEqual({ leftOut: 'no memory left' });
});
