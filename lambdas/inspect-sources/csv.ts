import type { ColumnType } from '#lib/pipelines/pipeline.ts';

/**
 * Text that is a value of a type. Anything narrower than what the query engines accept would refuse good data; anything
 * wider would pass here and fail, or become null, in one of them.
 */
const SHAPES: Record<Exclude<ColumnType, 'varchar'>, RegExp> = {
  bigint: /^[+-]?\d{1,18}$/,
  integer: /^[+-]?\d{1,9}$/,
  double: /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/,
  boolean: /^(true|false)$/i,
  date: /^\d{4}-\d{2}-\d{2}$/,
  timestamp: /^\d{4}-\d{2}-\d{2} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
};

/** Whether text parses as a type. Empty text is null and always does. */
export function parses(text: string, type: ColumnType): boolean {
  if (text === '' || type === 'varchar') return true;
  if (!SHAPES[type].test(text)) return false;
  return (type !== 'date' && type !== 'timestamp') || isCalendarDay(text.slice(0, 10));
}

function isCalendarDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** Lines of a UTF-8 stream, a block at a time. Throws `NotUtf8` with the number of the first line that is not. */
export async function* lineBlocks(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = Buffer.alloc(0);
  let line = 0;
  const decode = (bytes: Buffer): string[] => {
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw new NotUtf8(line + badLine(bytes, decoder));
    }
    const lines = text.split('\n').map((one) => (one.endsWith('\r') ? one.slice(0, -1) : one));
    line += lines.length;
    return lines;
  };
  for await (const chunk of stream) {
    const bytes = Buffer.concat([rest, chunk]);
    // Cut at a line end: no UTF-8 character is on both sides of it.
    const end = bytes.lastIndexOf(10);
    if (end < 0) rest = bytes;
    else {
      rest = bytes.subarray(end + 1);
      yield decode(bytes.subarray(0, end));
    }
  }
  if (rest.length) yield decode(rest);
}

export class NotUtf8 extends Error {
  constructor(line: number) {
    super(`line ${line} holds bytes that are not UTF-8`);
    this.name = 'NotUtf8';
  }
}

/** One-based, within these bytes. */
function badLine(bytes: Buffer, decoder: { decode: (bytes: Buffer) => string }): number {
  let line = 1;
  let from = 0;
  for (;;) {
    const end = bytes.indexOf(10, from);
    try {
      decoder.decode(bytes.subarray(from, end < 0 ? undefined : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    from = end + 1;
    line += 1;
  }
}
