import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '#cli/setup.mjs';

/**
 * The set-up in a small project of its own, with commands on the PATH that do what npm, Python and uv would do to the
 * folders, and write down that they were called.
 */
let folder: string;
let project: string;

const NPM = `#!/bin/sh
echo "npm $*" >> "$CALLS"
[ -n "$NPM_SAYS" ] && { echo "$NPM_SAYS" >&2; exit 1; }
rm -rf node_modules
mkdir -p node_modules/left
[ -n "$NPM_HANGS" ] && { echo "$$" > "$NPM_HANGS"; exec sleep 30; }
[ -n "$NPM_SLEEPS" ] && sleep "$NPM_SLEEPS"
echo '{}' > node_modules/left/package.json
echo '{"packages":{"node_modules/left":{"version":"1.0.0"}}}' > node_modules/.package-lock.json
`;
const PYTHON = `#!/bin/sh
case "$*" in
  *version_info*) echo "\${PYTHON_VERSION:-3.11.7}" ;;
  "-m venv "*)
    echo "python $1 $2" >> "$CALLS"
    [ -n "$VENV_SAYS" ] && { echo "$VENV_SAYS"; exit 1; }
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cp "$0" "$3/bin/python"
    echo "VIRTUAL_ENV=$3" > "$3/bin/activate"
    echo "version = 3.11.7" > "$3/pyvenv.cfg" ;;
  "-m pip "*)
    echo "pip" >> "$CALLS"
    for last in "$@"; do :; done
    cp "$last" "$CALLS.requirements"
    cat > "$(dirname "$0")/uv" <<'UV'
#!/bin/sh
[ "$1" = --version ] && { echo "uv 1.2.3 (fake)"; exit 0; }
echo "uv $1 $2" >> "$CALLS"
[ -n "$UV_HANGS" ] && { echo "$$" > "$UV_HANGS"; exec sleep 30; }
mkdir -p .venv/lib/python3.11/site-packages/pyspark-3.5.6.dist-info
UV
    chmod +x "$(dirname "$0")/uv" ;;
esac
`;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'presage-setup-')));
  project = join(folder, 'project');
  mkdirSync(join(project, 'cli'), { recursive: true });
  mkdirSync(join(project, 'local'));
  cpSync(join(root, 'cli/setup'), join(project, 'cli/setup'), { recursive: true });
  cpSync(join(root, 'cli/setup.mjs'), join(project, 'cli/setup.mjs'));
  writeFileSync(
    join(project, 'package-lock.json'),
    JSON.stringify({
      packages: {
        '': {},
        'node_modules/left': { version: '1.0.0' },
        'node_modules/other-system': { version: '1.0.0', optional: true },
      },
    }),
  );
  writeFileSync(
    join(project, 'local/requirements.lock'),
    'pyspark==3.5.6 \\\n    --hash=sha256:aa\nuv==1.2.3 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n    # via x\n',
  );
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of Object.entries({ npm: NPM, python3: PYTHON })) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  code: number;
  output: string;
}

function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['cli/setup.mjs'], {
    cwd: project,
    env: {
      PATH: [join(folder, 'bin'), '/usr/bin', '/bin'].join(delimiter),
      HOME: folder,
      CALLS: join(folder, 'calls'),
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<Result>((resolve) => child.on('close', (code) => resolve({ code: code ?? 1, output })));
  return { child, ended };
}

const setUp = (env?: Record<string, string>) => start(env).ended;
const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
const forget = () => writeFileSync(join(folder, 'calls'), '');
const until = async (file: string) => {
  while (!existsSync(file) || !readFileSync(file, 'utf8').trim()) await new Promise((wait) => setTimeout(wait, 20));
  return Number(readFileSync(file, 'utf8'));
};
const runs = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('set-up', () => {
  it('installs the Node and the Python packages of a fresh clone and says so', async () => {
    const { code, output } = await setUp();
    expect(code, output).toBe(0);
    expect(calls()).toEqual(['npm ci --no-audit --no-fund --loglevel=error', 'python -m venv', 'pip', 'uv pip sync']);
    expect(output).toContain('Set-up: Node packages (missing)');
    expect(output).toMatch(/Set-up: Python packages ready after \d+\.\d s/);
  });

  it('installs uv itself with the hashes of the lock file', async () => {
    await setUp();
    expect(readFileSync(join(folder, 'calls.requirements'), 'utf8')).toBe(
      'uv==1.2.3 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n',
    );
  });

  it('does nothing when nothing changed', async () => {
    await setUp();
    forget();
    const { code, output } = await setUp();
    expect([code, output, calls()]).toEqual([0, 'Everything is set up.\n', ['']]);
  });

  it('installs again what a changed lock file asks for', async () => {
    await setUp();
    forget();
    writeFileSync(
      join(project, 'package-lock.json'),
      JSON.stringify({ packages: { '': {}, 'node_modules/left': { version: '2.0.0' } } }),
    );
    const { output } = await setUp();
    expect(calls()[0]).toMatch(/^npm ci/);
    expect(output).toContain('node_modules/left is 1.0.0 instead of 2.0.0');
  });

  it('installs again when a package was removed by hand', async () => {
    await setUp();
    forget();
    rmSync(join(project, 'node_modules/left'), { recursive: true });
    expect((await setUp()).code).toBe(0);
    expect(calls()).toEqual(['npm ci --no-audit --no-fund --loglevel=error']);
  });

  it('repeats an npm ci that was killed half-way, and its child is gone', async () => {
    const pidFile = join(folder, 'npm.pid');
    const { child, ended } = start({ NPM_HANGS: pidFile });
    const pid = await until(pidFile);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await expect.poll(() => runs(pid)).toBe(false);
    expect((await setUp()).code).toBe(0);
  });

  it('makes a new .venv when filling it was killed without warning', async () => {
    const pidFile = join(folder, 'uv.pid');
    const { child, ended } = start({ UV_HANGS: pidFile });
    const pid = await until(pidFile);
    child.kill('SIGKILL');
    await ended;
    process.kill(pid, 'SIGKILL');
    forget();
    const { code, output } = await setUp();
    expect(code, output).toBe(0);
    expect(output).toContain('left half-way');
    expect(calls()).toContain('python -m venv');
  });

  it('lets a second set-up wait for the first', async () => {
    const first = start({ NPM_SLEEPS: '0.6' });
    await until(join(project, '.presage/setup.lock'));
    const second = await setUp();
    expect((await first.ended).code).toBe(0);
    expect(second.output).toMatch(/Another set-up \(process \d+\) is at work/);
    expect(calls().filter((call) => call.startsWith('npm'))).toHaveLength(1);
  });

  it('takes over the lock of a set-up that is dead', async () => {
    mkdirSync(join(project, '.presage'));
    writeFileSync(join(project, '.presage/setup.lock'), '999999999');
    expect((await setUp()).code).toBe(0);
    expect(existsSync(join(project, '.presage/setup.lock'))).toBe(false);
  });
});

describe('set-up says in a line or two what is wrong and what to do', () => {
  it.each([
    [
      'no Python that is new enough',
      { PYTHON_VERSION: '3.9.1', PRESAGE_PYTHON: 'python3' },
      /3\.9\.1.*|PRESAGE_PYTHON/,
    ],
    ['a Python without venv', { VENV_SAYS: 'ensurepip is not available' }, /apt install python3-venv/],
    ['no network', { NPM_SAYS: 'npm error code ENOTFOUND' }, /registry cannot be reached/],
    ['a full disk', { NPM_SAYS: 'npm error ENOSPC: no space left on device' }, /disk is full/],
  ])('%s', async (_, env, message) => {
    const { code, output } = await setUp(env as Record<string, string>);
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/\n\s+at /);
  });
});
