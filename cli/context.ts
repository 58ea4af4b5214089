import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '#cli/setup/problem.mjs';

/** What a command gets from its surroundings: a way to be stopped, and a promise that what it started is stopped. */
export interface Context {
  /** Aborted by Ctrl-C, by SIGTERM and when something the command depends on has died. */
  readonly signal: AbortSignal;
  /** Ends the command with this error, wherever it is waiting. */
  abort(error: Error): void;
  /** Called when the command has ended, however it ended; the last one given is called first. */
  defer(cleanup: () => Promise<void> | void): void;
}

/** The exit code of a command that was told to stop by a signal: 128 + its number. */
export class Interrupted extends Problem {
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'Interrupted.' : 'Terminated.', signal === 'SIGINT' ? 130 : 143);
  }
}

/**
 * Runs a command and gives its exit code or its error. Interruption and abort win over whatever the command waits
 * for, so nothing hangs; the cleanups have ended when this returns. A second Ctrl-C does not wait for them.
 */
export async function inContext(command: (context: Context) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const cleanups: (() => Promise<void> | void)[] = [];
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
  });
  aborted.catch(() => {});
  const stop = (signal: NodeJS.Signals) => {
    const interrupted = new Interrupted(signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT');
    if (controller.signal.aborted) process.exit(interrupted.exitCode);
    controller.abort(interrupted);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  const context: Context = {
    signal: controller.signal,
    abort: (error) => controller.abort(error),
    defer: (cleanup) => void cleanups.push(cleanup),
  };
  try {
    return await Promise.race([command(context), aborted]);
  } catch (error) {
    // What an abort broke elsewhere (a refused connection, a killed child) is a consequence: tell the cause.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop);
  }
}

/** Rejects at once when the context ends. */
export const sleep = (milliseconds: number, { signal }: Pick<Context, 'signal'>) =>
  delay(milliseconds, undefined, { signal });
