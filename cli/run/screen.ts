import { Listr, type ListrTaskWrapper } from 'listr2';

/** One line of progress. The first of `done` and `failed` counts. */
export interface Line {
  progress(text: string): void;
  done(note?: string): void;
  failed(note?: string): void;
}

/** Where a command shows what it is doing. Results are printed on stdout by the command itself, after `close`. */
export interface Screen {
  /** `startedAt` in milliseconds since 1970, when the step began before it was known of. */
  line(title: string, startedAt?: number): Line;
  note(text: string): void;
  /** Lines that are still open are shown as broken off. */
  close(): Promise<void>;
}

/** A living list on a terminal; plain lines with the time where there is none, and in CI. */
export const screenFor = (stream: NodeJS.WriteStream = process.stdout): Screen =>
  stream.isTTY && !process.env.CI ? new TerminalScreen() : new PlainScreen((line) => stream.write(`${line}\n`));

export const seconds = (milliseconds: number): string => {
  const total = milliseconds / 1000;
  if (total < 100) return `${total.toFixed(1)} s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(total % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** In a log, progress is told this often at most. */
const PLAIN_EVERY_MS = 5_000;

/** One line when a step starts, now and then when its progress changes, and one when it ends. */
export class PlainScreen implements Screen {
  private readonly write: (line: string) => void;
  private readonly open = new Set<(note: string) => void>();

  constructor(write: (line: string) => void) {
    this.write = write;
  }

  line(title: string, startedAt = Date.now()): Line {
    this.say(`${title} …`);
    let last = '';
    let saidAt = 0;
    const end = (word: string) => (note?: string) => {
      if (!this.open.delete(breakOff)) return;
      this.say(`${title} ${word} after ${seconds(Date.now() - startedAt)}${note ? `: ${note}` : ''}`);
    };
    const failed = end('FAILED');
    const breakOff = (note: string) => failed(note);
    this.open.add(breakOff);
    return {
      progress: (text) => {
        if (text === last || Date.now() - saidAt < PLAIN_EVERY_MS) return;
        this.say(`${title}: ${text}`);
        last = text;
        saidAt = Date.now();
      },
      done: end('done'),
      failed,
    };
  }

  note(text: string): void {
    this.say(text);
  }

  async close(): Promise<void> {
    for (const breakOff of [...this.open]) breakOff('broken off');
  }

  private say(text: string): void {
    this.write(`${new Date().toISOString().slice(11, 19)}  ${text}`);
  }
}

/**
 * Each line is a listr2 list of its own, one after the other, because what a state machine will do next is not known
 * before it does it. A line that starts while another is open is shown when that one has ended.
 */
export class TerminalScreen implements Screen {
  private shown: Promise<void> = Promise.resolve();
  private readonly open = new Set<(note: string) => void>();

  line(title: string, startedAt = Date.now()): Line {
    let task: ListrTaskWrapper<unknown, never, never> | undefined;
    let text = '';
    let endedAt: number | undefined;
    let settle: { done: () => void; failed: (error: Error) => void } | undefined;
    let note = '';
    const finished = new Promise<void>((done, failed) => {
      settle = { done, failed };
    });
    finished.catch(() => {});
    const paint = () => {
      if (!task) return;
      task.title = `${title}  ${seconds((endedAt ?? Date.now()) - startedAt)}${note ? `  ${note}` : ''}`;
      if (text && endedAt === undefined) task.output = text;
    };
    const end = (error?: string) => (said?: string) => {
      if (!this.open.delete(breakOff)) return;
      endedAt = Date.now();
      note = said ?? '';
      paint();
      if (error) settle?.failed(new Error(task?.title ?? title));
      else settle?.done();
    };
    const failed = end('failed');
    const breakOff = (said: string) => failed(said);
    this.open.add(breakOff);
    this.shown = this.shown.then(async () => {
      const list = new Listr(
        [
          {
            title,
            task: async (_, wrapper) => {
              task = wrapper as unknown as typeof task;
              paint();
              const timer = setInterval(paint, 200);
              await finished.finally(() => clearInterval(timer));
            },
          },
        ],
        { renderer: 'default', registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
      );
      // A failed line is shown in red; what it means is told by the command.
      await list.run().catch(() => {});
    });
    return {
      progress: (said) => {
        text = said;
        paint();
      },
      done: end(),
      failed,
    };
  }

  note(text: string): void {
    this.shown = this.shown.then(() => void process.stdout.write(`  ${text}\n`));
  }

  async close(): Promise<void> {
    for (const breakOff of [...this.open]) breakOff('broken off');
    await this.shown;
  }
}
