import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { cacheControlOf, SITE_HEADERS } from '#lib/serving/site-headers.ts';

/** A file of the page in memory, with the headers it is given out with. */
export interface SiteFile {
  body: Buffer;
  headers: Record<string, string>;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** The files of a built page by their paths, `/` being index.html. In memory, so that a path is never a path of the disk. */
export function siteFiles(folder: string): Map<string, SiteFile> {
  const files = new Map<string, SiteFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).replaceAll('\\', '/')}`;
    const headers = {
      ...SITE_HEADERS,
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': cacheControlOf(path),
    };
    files.set(path, { body: readFileSync(file), headers });
  }
  const index = files.get('/index.html');
  if (index) files.set('/', index);
  return files;
}
