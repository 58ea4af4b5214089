import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { failed, run } from './command.mjs';
import { Problem } from './problem.mjs';
import { readJson, sameJson, writeStamp } from './stamp.mjs';

export const OLDEST_NODE = [20, 19];

/** Refuses a Node that is too old. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]))
    throw new Problem(
      `Node ${version} is too old: install Node ${OLDEST_NODE.join('.')} or newer from https://nodejs.org`,
    );
}

/**
 * What is wrong with node_modules, or undefined. npm writes its own hidden lock file last, so a tree without it or
 * with another content than package-lock.json was left half-way.
 */
export function nodePackagesProblem(root) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  if (!wanted)
    throw new Problem('package-lock.json is missing or damaged: restore it with `git checkout package-lock.json`');
  const present = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!present) return existsSync(join(root, 'node_modules')) ? 'incomplete' : 'missing';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = present[path];
    if (!found) {
      if (entry.optional) continue; // for another operating system
      return `${path} is missing`;
    }
    if (found.version !== entry.version) return `${path} is ${found.version} instead of ${entry.version}`;
    if (!existsSync(join(root, path, 'package.json'))) return `${path} is missing`;
  }
  return undefined;
}

const stampFile = (root) => join(root, 'node_modules/.presage-setup.json');
const stampOf = () => ({
  node: process.versions.node.split('.')[0],
  platform: `${process.platform}-${process.arch}`,
});

/**
 * Why `npm ci` is needed, or undefined. Every package is compared with the lock file each time (some milliseconds),
 * so a tree that somebody else brought up to date is good too; the stamp adds what the tree does not show.
 */
export function nodeWork(root) {
  const problem = nodePackagesProblem(root);
  if (problem) return problem;
  const stamp = readJson(stampFile(root));
  if (!stamp || sameJson(stamp, stampOf())) return undefined;
  return 'another Node version';
}

export async function installNodePackages(root) {
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
  if (code === 127)
    throw new Problem('npm is not on the PATH: it comes with Node, reinstall Node from https://nodejs.org');
  if (code !== 0) throw failed('Installing the Node packages (npm ci)', output);
  const problem = nodePackagesProblem(root);
  if (problem) throw new Problem(`npm ci ended but node_modules is not whole: ${problem}`);
}

export function stampNodePackages(root) {
  if (!sameJson(readJson(stampFile(root)), stampOf())) writeStamp(stampFile(root), stampOf());
}
