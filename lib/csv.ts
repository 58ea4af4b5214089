/** The fields of a record in one line, RFC 4180. Nothing when a quoted field is not closed at the end of the line. */
export function fieldsOf(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let text = '';
      let from = at + 1;
      for (;;) {
        const quote = line.indexOf('"', from);
        if (quote < 0) return undefined;
        text += line.slice(from, quote);
        if (line[quote + 1] !== '"') {
          at = quote + 1;
          break;
        }
        text += '"';
        from = quote + 2;
      }
      // What follows a closing quote belongs to the field, as lenient readers take it.
      const comma = line.indexOf(',', at);
      fields.push(text + line.slice(at, comma < 0 ? undefined : comma));
      if (comma < 0) return fields;
      at = comma + 1;
    } else {
      const comma = line.indexOf(',', at);
      fields.push(line.slice(at, comma < 0 ? undefined : comma));
      if (comma < 0) return fields;
      at = comma + 1;
    }
  }
}

/** The record of these values in one line: null is an empty field, an empty text one in quotes. */
export const lineOf = (values: readonly (string | null)[]): string => values.map(field).join(',');

const field = (value: string | null) =>
  value === null ? '' : value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
