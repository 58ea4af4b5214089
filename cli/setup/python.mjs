import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failed, run } from './command.mjs';
import { Problem } from './problem.mjs';
import { hashOf, readJson, sameJson, writeStamp } from './stamp.mjs';

export const OLDEST_PYTHON = [3, 11];
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14', 'python'];
const LOCK = 'local/requirements.lock';

const stampFile = (root) => join(root, '.venv/presage-setup.json');
/** Lies in the folder while it is being filled: a folder that still has it was left half-way. */
const unfinishedFile = (root) => join(root, '.venv/presage-unfinished');
export const venvPython = (root) => join(root, '.venv/bin/python');

/** Why the Python side needs work, or undefined. Reads a few small files, starts nothing. */
export function pythonWork(root) {
  const stamp = readJson(stampFile(root));
  if (!existsSync(venvPython(root))) return 'missing';
  if (existsSync(unfinishedFile(root))) return 'left half-way';
  if (!stamp) return 'not checked yet';
  if (stamp.lock !== hashOf(join(root, LOCK))) return `${LOCK} changed`;
  if (stamp.root !== root) return 'the project was moved';
  if (stamp.python !== versionInConfig(root)) return 'the Python version changed';
  if (!sameJson(stamp.packages, installedPackages(root))) return 'packages were added or removed';
  return undefined;
}

/** Makes `.venv` and fills it with exactly what the lock file names, hashes checked. */
export async function installPython(root, say) {
  const whole = existsSync(venvPython(root)) && !existsSync(unfinishedFile(root)) && belongsHere(root);
  const present = whole ? await versionOf(venvPython(root)) : undefined;
  if (!present || !isNewEnough(present)) {
    const python = await findPython();
    rmSync(join(root, '.venv'), { recursive: true, force: true });
    mkdirSync(join(root, '.venv'));
    writeFileSync(unfinishedFile(root), '');
    say(`making .venv with ${python.command} (Python ${python.version.join('.')})`);
    const { code, output } = await run(python.command, ['-m', 'venv', join(root, '.venv')]);
    if (code !== 0) {
      rmSync(join(root, '.venv'), { recursive: true, force: true });
      if (/ensurepip|No module named venv|python3-venv/i.test(output))
        throw new Problem(
          `${python.command} has no venv module: install it (Debian, Ubuntu: sudo apt install python3-venv) and try again`,
        );
      throw failed('Making the Python environment .venv', output);
    }
  }
  writeFileSync(unfinishedFile(root), '');
  await installUv(root);
  const { code, output } = await run(
    join(root, '.venv/bin/uv'),
    ['pip', 'sync', '--python', venvPython(root), '--require-hashes', join(root, LOCK)],
    { cwd: root, env: { ...process.env, ...registrySettings() } },
  );
  if (code !== 0) throw failed('Installing the Python packages (uv pip sync)', output);
  rmSync(unfinishedFile(root));
  writeStamp(stampFile(root), {
    lock: hashOf(join(root, LOCK)),
    python: versionInConfig(root),
    root,
    packages: installedPackages(root),
  });
}

/** uv, the installer, from the same lock file: its version and its hashes, through pip. */
async function installUv(root) {
  const pin = requirementInLock(readFileSync(join(root, LOCK), 'utf8'), 'uv');
  if (!pin) throw new Problem(`${LOCK} does not name uv: restore it with \`git checkout ${LOCK}\``);
  const present = await run(join(root, '.venv/bin/uv'), ['--version']);
  if (present.code === 0 && present.output.split(' ')[1]?.trim() === pin.version) return;
  const folder = mkdtempSync(join(tmpdir(), 'presage-uv-'));
  try {
    writeFileSync(join(folder, 'uv.txt'), pin.text);
    const { code, output } = await run(venvPython(root), [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'],
      ...['-r', join(folder, 'uv.txt')],
    ]);
    if (code !== 0) throw failed('Installing uv, the Python installer', output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of one package in a lock file made by `uv pip compile --generate-hashes`. */
export function requirementInLock(lock, name) {
  const lines = lock.split('\n');
  const first = lines.findIndex((line) => line.startsWith(`${name}==`));
  if (first < 0) return undefined;
  const continued = lines.slice(first).findIndex((line) => !line.endsWith('\\'));
  const text = `${lines.slice(first, first + continued + 1).join('\n')}\n`;
  return { version: /==([^\s;\\]+)/.exec(text)?.[1], text };
}

/** uv does not read pip's settings; a company's mirror set for pip should do for both. */
function registrySettings() {
  const { PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, PIP_CERT } = process.env;
  const settings = { UV_NO_PROGRESS: '1' };
  if (PIP_INDEX_URL) settings.UV_DEFAULT_INDEX ??= PIP_INDEX_URL;
  if (PIP_EXTRA_INDEX_URL) settings.UV_INDEX ??= PIP_EXTRA_INDEX_URL;
  if (PIP_FIND_LINKS) settings.UV_FIND_LINKS ??= PIP_FIND_LINKS.split(/\s+/).join(',');
  if (PIP_CERT) settings.SSL_CERT_FILE ??= PIP_CERT;
  for (const name of Object.keys(settings)) if (process.env[name]) delete settings[name];
  return settings;
}

/** The first Python that is new enough. `PRESAGE_PYTHON` names one and then no other is tried. */
export async function findPython(env = process.env) {
  const wanted = env.PRESAGE_PYTHON;
  const seen = [];
  for (const command of wanted ? [wanted] : CANDIDATES) {
    const version = await versionOf(command);
    if (version && isNewEnough(version)) return { command, version };
    if (version) seen.push(`${command} is ${version.join('.')}`);
  }
  const oldest = OLDEST_PYTHON.join('.');
  if (wanted)
    throw new Problem(`PRESAGE_PYTHON=${wanted} is no Python ${oldest} or newer (${seen[0] ?? 'it does not run'})`);
  throw new Problem(
    `No Python ${oldest} or newer was found${seen.length ? ` (${seen.join(', ')})` : ''}: ` +
      `install one from https://www.python.org/downloads, or name it in PRESAGE_PYTHON`,
  );
}

const isNewEnough = ([major, minor]) =>
  major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);

async function versionOf(command) {
  const { code, output } = await run(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
  const version = /^(\d+)\.(\d+)\.(\d+)\s*$/.exec(output);
  return code === 0 && version ? version.slice(1).map(Number) : undefined;
}

/** The commands in .venv hold its path: a folder made elsewhere and moved here does not work. */
function belongsHere(root) {
  const activate = join(root, '.venv/bin/activate');
  return existsSync(activate) && readFileSync(activate, 'utf8').includes(join(root, '.venv'));
}

function versionInConfig(root) {
  try {
    return /^version(?:_info)? = (\S+)/m.exec(readFileSync(join(root, '.venv/pyvenv.cfg'), 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

/** The folder Python packages are in. */
export function sitePackages(root) {
  const lib = join(root, '.venv/lib');
  const version = readdirSync(lib).find((name) => name.startsWith('python'));
  if (!version) throw new Problem('.venv is damaged: remove it and try again');
  return join(lib, version, 'site-packages');
}

function installedPackages(root) {
  try {
    return readdirSync(sitePackages(root))
      .filter((name) => name.endsWith('.dist-info'))
      .sort();
  } catch {
    return [];
  }
}
