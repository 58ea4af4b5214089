import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Content of a JSON file; undefined when it is missing or damaged. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Writes a file as a whole: a reader sees the old content or the new, never half of it. */
export function writeStamp(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(draft, file);
}

export const hashOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

export const sameJson = (a, b) => JSON.stringify(a) === JSON.stringify(b);
