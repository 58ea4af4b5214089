import { stripVTControlCharacters, styleText } from 'node:util';

/** How a line is meant. */
export type Tone = 'plain' | 'good' | 'bad' | 'mail' | 'quiet';

/** Where a command that keeps running tells what happens: news one after the other, and the state of things below. */
export interface Board {
  /** Whether somebody looks at it, for whom a long line is in the way. */
  readonly isTerminal: boolean;
  /** One piece of news; the time is put before it. */
  say(text: string, tone?: Tone): void;
  /** Lines to read and copy, as they are. */
  print(lines: readonly string[]): void;
  close(): void;
}

const REDRAW_MS = 250;
const COLOURS = { good: 'green', bad: 'red', mail: 'yellow', quiet: 'gray' } as const;

/** `state` gives the lines of the present state, each time it is drawn; only a terminal shows them. */
export const boardFor = (state: () => readonly string[], stream: NodeJS.WriteStream = process.stdout): Board =>
  stream.isTTY && !process.env.CI ? new TerminalBoard(stream, state) : new PlainBoard((text) => stream.write(text));

const timed = (text: string) => `${new Date().toISOString().slice(11, 19)}  ${text}`;

/** A log: news only. */
export class PlainBoard implements Board {
  readonly isTerminal = false;
  private readonly write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  say(text: string): void {
    this.write(`${timed(text)}\n`);
  }

  print(lines: readonly string[]): void {
    this.write(`${lines.join('\n')}\n`);
  }

  close(): void {}
}

/**
 * News scroll as in a log; the state stays below them and is drawn anew over itself. By hand, because libraries for it
 * either keep all lines in memory and redraw them or hold the terminal in another mode, from which nothing can be copied.
 */
export class TerminalBoard implements Board {
  readonly isTerminal = true;
  private readonly stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>;
  private readonly state: () => readonly string[];
  private readonly timer: NodeJS.Timeout;
  private drawn: string[] = [];
  private closed = false;

  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'columns'>, state: () => readonly string[]) {
    this.stream = stream;
    this.state = state;
    this.timer = setInterval(() => this.redraw(''), REDRAW_MS);
  }

  say(text: string, tone: Tone = 'plain'): void {
    const line = timed(text);
    this.redraw(`${tone === 'plain' ? line : styleText(COLOURS[tone], line)}\n`);
  }

  print(lines: readonly string[]): void {
    this.redraw(`${lines.join('\n')}\n`);
  }

  /** The state as it was last stays on the screen. */
  close(): void {
    if (this.closed) return;
    if (this.drawn.length) this.redraw('');
    this.closed = true;
    clearInterval(this.timer);
  }

  private redraw(news: string): void {
    if (this.closed) {
      this.stream.write(news);
      return;
    }
    const width = Math.max(20, this.stream.columns ?? 80);
    const lines = this.state().map((line) => fitted(line, width));
    if (!news && lines.join('\n') === this.drawn.join('\n')) return;
    // A window made narrower since has folded what was drawn.
    const rows = this.drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0);
    // Row by row: a terminal that is cleared from its first row on may keep what it showed among the lines that scrolled away.
    const back = `\r\u001b[2K${'\u001b[1A\u001b[2K'.repeat(rows)}`;
    this.stream.write(`${back}${news}${lines.map((line) => `${line}\n`).join('')}`);
    this.drawn = lines;
  }
}

const widthOf = (line: string) => [...stripVTControlCharacters(line)].length;

/** Cut to a width; a line that is cut loses its colours. */
function fitted(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  return `${[...stripVTControlCharacters(line)].slice(0, width - 1).join('')}…`;
}
