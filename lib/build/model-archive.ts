import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** What the folder of a script model has besides the code that is deployed. */
const LEFT_OUT = /^(\..*|__pycache__|.*\.pyc|test_.*\.py|conftest\.py)$/;
const BLOCK = 512;

/**
 * Packs the folder of a script model as `sourcedir.tar.gz`, the form SageMaker's containers take code in. The same files
 * give the same bytes, so that nothing is deployed when nothing has changed. Gives the hash of the content.
 *
 * Throws, for people, when the folder lacks what every such model has, or the package of a version that is in use.
 */
export function packModel(folder: string, shown: string, version: string, target: string): string {
  if (!existsSync(folder)) throw new Error(`${shown} is missing: a model of kind script has its code there`);
  const names = filesOf(folder);
  for (const name of ['train.py', 'inference.py'])
    if (!names.includes(name)) throw new Error(`${shown}/${name} is missing: SageMaker starts the model there`);
  if (names.includes('requirements.txt'))
    throw new Error(
      `${shown}/requirements.txt would be installed from the internet at every start; put it into the version's folder`,
    );
  if (!names.some((name) => name.startsWith(`${version}/`))) {
    const there = new Set(names.flatMap((name) => /^(v[0-9]+)\//.exec(name)?.[1] ?? []));
    throw new Error(
      `${shown}/${version} is missing: ${version} is in use; there is ${[...there].join(', ') || 'none'}`,
    );
  }
  const archive = tar(names.map((name) => ({ name, content: readFileSync(join(folder, name)) })));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, gzipSync(archive));
  return createHash('sha256').update(archive).digest('hex');
}

/** Paths below the folder, in an order that does not depend on the file system. */
function filesOf(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.test(name))
    .flatMap((entry) => (entry.isDirectory() ? filesOf(folder, `${below}${entry.name}/`) : [`${below}${entry.name}`]))
    .sort();
}

/**
 * The USTAR format, without times and owners. By hand, because it is two fields more than a concatenation and a library
 * would come along for this alone.
 */
function tar(files: { name: string; content: Buffer }[]): Buffer {
  const parts = files.flatMap(({ name, content }) => {
    if (Buffer.byteLength(name) > 100) throw new Error(`The path ${name} is longer than the 100 bytes of an archive`);
    const header = Buffer.alloc(BLOCK);
    const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
    const write = (text: string, at: number) => header.write(text, at, 'utf8');
    write(name, 0);
    write(octal(0o644, 7), 100);
    write(octal(0, 7), 108);
    write(octal(0, 7), 116);
    write(octal(content.length, 11), 124);
    write(octal(0, 11), 136);
    write(' '.repeat(8), 148);
    write('0', 156);
    write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}
