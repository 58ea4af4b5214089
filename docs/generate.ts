import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FOLDER, pages, stalePages } from './library/pages.ts';

/** Writes the reference part of every pipeline's page: `npm run docs`. What people wrote above it stays. */
const stale = await stalePages();
const wanted = await pages();
for (const file of stale) {
  const text = wanted[file];
  if (text) writeFileSync(path.join(FOLDER, file), text);
  console.log(text ? `wrote docs/pipelines/${file}` : `docs/pipelines/${file} is about no pipeline: remove it`);
}
if (!stale.length) console.log('docs/pipelines is as the definitions say');
if (stale.some((file) => !wanted[file])) process.exitCode = 1;
