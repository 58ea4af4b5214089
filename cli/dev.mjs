import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from './setup/problem.mjs';
import { venvPython } from './setup/python.mjs';
import { main, root, setUp } from './setup.mjs';

/**
 * What the npm scripts run: `node cli/dev.mjs TASK [arguments]`. Plain Node, because a script may be the first thing
 * called in a fresh clone; every task sets up what is missing and then calls the tools of node_modules and .venv.
 */
const node = (...args) => [process.execPath, ...args];
const tool = (path, ...args) => node(join(root, 'node_modules', path), ...args);
const script = (path, ...args) => node('--import', 'tsx', path, ...args);
const python = (...args) => [venvPython(root), ...args];

/** One configuration for all Python, wherever it lies. */
const ruff = (...args) => [join(root, '.venv/bin/ruff'), ...args, '--config', 'local/pyproject.toml', '.'];

const SERVICES = ['local/tests/sagemaker', 'local/tests/athena', 'local/tests/spark'];
/** Suites of about the same length: the longest decides when `npm test` is over. */
const PYTHON_TESTS = [
  ['local/tests/sagemaker'],
  ['local/tests/athena', 'local/tests/spark'],
  ['local/tests', ...SERVICES.map((folder) => `--ignore=${folder}`)],
  ['emr-steps/tests', 'lib/pipelines'],
  ['glue-scripts/tests'],
];

const TASKS = {
  // All at once, since much of each is waiting. Arguments (file names, filters) go to vitest and leave pytest out.
  test: (args) =>
    runSuites([
      vitest('vitest.config.ts', args),
      ...(args.length ? [] : PYTHON_TESTS.map((suite) => pytest(...suite))),
    ]),
  'test:sql': (args) => runSuites([vitest('vitest.sql.config.ts', args)]),
  'test:faults': (args) => runSuites([vitest('vitest.faults.config.ts', args)]),
  // Needs a Chromium, or on Linux the npm registry to get one.
  'test:site': (args) => runSuites([vitest('vitest.site.config.ts', args)]),
  'test:live': (args) => runSuites([vitest('vitest.live.config.ts', args)]),
  typecheck: () =>
    runAll([
      tool('typescript/bin/tsc', '--noEmit'),
      // What runs in a browser has other globals.
      tool('typescript/bin/tsc', '--noEmit', '-p', 'site'),
      python('-m', 'mypy', '--config-file', 'local/pyproject.toml'),
    ]),
  lint: () =>
    runAll([tool('@biomejs/biome/bin/biome', 'check'), ruff('check'), ruff('format', '--check', '--exclude', '*.md')]),
  synth: (args) => runAll([tool('aws-cdk/bin/cdk', 'synth', '--quiet', ...args)]),
  bench: (args) => runAll([script('bench/run.ts', ...args)]),
  'sample-data': (args) => runAll([script('sample-data/generate.ts', ...args)]),
  docs: () => runAll([script('docs/generate.ts')]),
};

/**
 * Suites run beside each other, and what they train is small: threads that wait for each other cost three times it.
 * Python keeps what it has compiled, also where a container's settings say no: every suite and every child would
 * compile pytest, the tests and the local cloud anew.
 */
const SETTINGS = { OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '' };

await main(async (handOver) => {
  const [name = '', ...args] = process.argv.slice(2);
  const task = TASKS[name];
  if (!task) throw new Problem(`unknown task '${name}': use one of ${Object.keys(TASKS).join(', ')}`, 2);
  await setUp();
  handOver();
  return task(args);
});

/** All of them, even after one failed; 0 when every one ended with 0. */
async function runAll(commands) {
  let worst = 0;
  for (const command of commands) worst = Math.max(worst, await show(command));
  return worst;
}

/** Runs a command on this terminal. It shares our process group: Ctrl-C reaches it directly, and we wait for its end. */
function show([file, ...args], env = {}, stdio = 'inherit') {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio, env: { ...process.env, ...env } });
    let interrupted = false;
    const forward = (signal) => {
      interrupted = true;
      child.kill(signal);
    };
    const ignore = () => {
      interrupted = true;
    };
    process.on('SIGTERM', forward).on('SIGINT', ignore);
    child.on('error', (error) => {
      console.error(`${file}: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code, signal) => {
      process.off('SIGTERM', forward).off('SIGINT', ignore);
      if (signal && interrupted) process.exit(signal === 'SIGINT' ? 130 : 143);
      if (signal) console.error(`${file} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs suites beside each other and prints one summary of them, `N passed, M failed` as the last line. What a suite
 * gives back as output follows when all have ended.
 */
async function runSuites(suites) {
  const folder = mkdtempSync(join(tmpdir(), 'presage-test-'));
  try {
    const parts = await Promise.all(suites.map((suite, index) => suite(join(folder, String(index)))));
    for (const { output } of parts) if (output) console.log(output);
    for (const { name, passed, failed, code } of parts)
      console.log(
        `${name}: ${passed} passed, ${failed} failed${code && !failed ? `, ended with exit code ${code}` : ''}`,
      );
    const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
    const broken = parts.filter((part) => part.code && !part.failed).length;
    console.log(`${sum('passed')} passed, ${sum('failed') + broken} failed`);
    return parts.some((part) => part.code) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A suite that shows itself while it runs. */
function vitest(config, args) {
  return async (path) => {
    const json = `${path}.json`;
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
    const code = await show(tool('vitest/vitest.mjs', 'run', '--config', config, ...reporters, ...args), SETTINGS);
    return { name: 'vitest', code, ...vitestCounts(json) };
  };
}

/** A suite in a process of its own that is shown when all have ended. */
function pytest(...suite) {
  return async (path) => {
    const xml = `${path}.xml`;
    const text = `${path}.txt`;
    const out = openSync(text, 'w');
    const code = await show(
      python('-m', 'pytest', '-c', 'local/pyproject.toml', '-p', 'no:cacheprovider', `--junitxml=${xml}`, ...suite),
      { PYTHONPATH: 'local', ...SETTINGS },
      ['ignore', out, out],
    );
    closeSync(out);
    const folders = suite.filter((one) => !one.startsWith('--'));
    return { name: `pytest ${folders.join(' ')}`, code, ...pytestCounts(xml), output: readFileSync(text, 'utf8') };
  };
}

function vitestCounts(file) {
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests || numFailedTestSuites };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function pytestCounts(file) {
  try {
    const count = (name) =>
      Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    return { passed: count('tests') - failed - count('skipped'), failed };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
