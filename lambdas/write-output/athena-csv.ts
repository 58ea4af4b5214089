/** A row of Athena's result file: null is a field without quotes and without text. */
export type ResultRow = (string | null)[];

/**
 * The rows of a result file of Athena's, the header first, as they come.
 *
 * Athena puts every value into double quotes, doubles the quotes in it, and leaves a null empty; a line break inside
 * quotes belongs to the value. Read character by character for the sake of those.
 */
export async function* resultRows(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ResultRow> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let row: ResultRow = [];
  let text = '';
  let state = 'start' as 'start' | 'plain' | 'quoted' | 'quote';
  const endField = () => {
    row.push(state === 'start' ? null : text);
    text = '';
    state = 'start';
  };
  const read = function* (chunk: string): Generator<ResultRow> {
    for (let at = 0; at < chunk.length; at += 1) {
      const char = chunk[at] as string;
      if (state === 'quoted') {
        const quote = chunk.indexOf('"', at);
        text += chunk.slice(at, quote < 0 ? undefined : quote);
        if (quote < 0) return;
        at = quote;
        state = 'quote';
      } else if (state === 'quote' && char === '"') {
        text += char;
        state = 'quoted';
      } else if (char === ',') endField();
      else if (char === '\n') {
        endField();
        yield row;
        row = [];
      } else if (state === 'start' && char === '"') state = 'quoted';
      else if (char !== '\r') {
        text += char;
        state = 'plain';
      }
    }
  };
  for await (const bytes of stream) yield* read(decoder.decode(bytes, { stream: true }));
  yield* read(decoder.decode());
  if (state === 'quoted') throw new Error('Athena’s result ends inside a value');
  if (row.length || state !== 'start') {
    endField();
    yield row;
  }
}
