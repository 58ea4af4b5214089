import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PlainBoard, TerminalBoard } from '#cli/up/board.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-21T10:00:00Z') }));
afterEach(() => void vi.useRealTimers());

/** What a terminal shows of what was written: lines, with those that were erased gone. */
function terminal(columns: number) {
  let rows = [''];
  const write = (text: string) => {
    for (const part of text.replaceAll('\u001b', '⎋').split(/(⎋\[1A⎋\[2K|\r⎋\[2K|\n)/)) {
      if (part === '\n') rows.push('');
      else if (part === '\r⎋[2K') rows[rows.length - 1] = '';
      else if (part === '⎋[1A⎋[2K') rows = [...rows.slice(0, -2), ''];
      else rows[rows.length - 1] += stripVTControlCharacters(part.replaceAll('⎋', '\u001b'));
    }
    return true;
  };
  return { stream: { columns, write } as NodeJS.WriteStream, rows: () => rows.filter(Boolean) };
}

describe('on a terminal', () => {
  it('news scroll above the state, which is drawn over itself', () => {
    const { stream, rows } = terminal(40);
    let state = ['── Presage', '· vouchers'];
    const board = new TerminalBoard(stream, () => state);
    board.say('deploying', 'quiet');
    expect(rows()).toEqual(['10:00:00  deploying', '── Presage', '· vouchers']);
    state = ['── Presage', '✔ vouchers'];
    vi.advanceTimersByTime(1_000);
    board.say('deployed', 'good');
    expect(rows()).toEqual(['10:00:00  deploying', '10:00:01  deployed', '── Presage', '✔ vouchers']);
    board.close();
  });

  it('a line of the state is never wider than the terminal; what is to be copied is never cut', () => {
    const { stream, rows } = terminal(20);
    const board = new TerminalBoard(stream, () => ['a state that is much too long']);
    board.print(['http://127.0.0.1:1234/#token=abcdefghijklmnop']);
    expect(rows()).toEqual(['http://127.0.0.1:1234/#token=abcdefghijklmnop', 'a state that is muc…']);
    board.close();
  });

  it('nothing is written while nothing changes, and the last state stays when it is closed', () => {
    const { stream, rows } = terminal(40);
    const write = vi.spyOn(stream, 'write');
    const board = new TerminalBoard(stream, () => ['── Presage']);
    vi.advanceTimersByTime(5_000);
    expect(write).toHaveBeenCalledTimes(1);
    board.close();
    board.close();
    vi.advanceTimersByTime(5_000);
    expect([rows(), write.mock.calls.length]).toEqual([['── Presage'], 1]);
  });
});

it('elsewhere there are lines with the time, and no control characters', () => {
  const lines: string[] = [];
  const board = new PlainBoard((text) => lines.push(text));
  board.say('GET /health  200  3 ms');
  board.print(['', '  Page   http://127.0.0.1:1']);
  expect(lines.join('')).toBe('10:00:00  GET /health  200  3 ms\n\n  Page   http://127.0.0.1:1\n');
});
