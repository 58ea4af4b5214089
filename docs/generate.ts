import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FOLDER, pages, stalePages } from './library/pages.ts';

/** `npm run docs`: the page about definitions, and the reference part of every pipeline's page. What people wrote stays. */
const stale = await stalePages();
const wanted = await pages();
for (const file of stale) {
  const text = wanted[file];
  if (text) writeFileSync(path.join(FOLDER, file), text);
  console.log(text ? `wrote docs/${file}` : `docs/${file} is about no pipeline: remove it`);
}
if (!stale.length) console.log('docs is as the definitions say');
if (stale.some((file) => !wanted[file])) process.exitCode = 1;
