import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '#cli/setup.mjs';

/** A Python script that answers a line with a line. It ends when its input does: with `close`, or with this process. */
export class PythonLines {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private said = '';

  constructor(script: string) {
    this.child = spawn(path.join(root, '.venv/bin/python'), ['-B', script], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.said = (this.said + data).slice(-4000);
    });
    this.child.stdin?.on('error', () => {}); // it has ended: said when it is asked
    if (!this.child.stdout) throw new Error('no pipe to Python');
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a line of JSON. Lines may be asked before others are answered. */
  async ask<Answer>(line: string): Promise<Answer> {
    this.child.stdin?.write(`${line}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error(`Python ended without an answer:\n${this.said}`);
    return JSON.parse(answer.value) as Answer;
  }

  close(): Promise<void> {
    return endOf(this.child);
  }
}

/** Closes the input of a child, which it ends by; at once if it has ended already. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
}
