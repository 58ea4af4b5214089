/** A table; cells are made safe for it. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const cell = (text: string) => plain(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Text in which `<name>` stays what it is; between backticks it does anyway. */
const plain = (text: string) =>
  text
    .split('`')
    .map((part, i) => (i % 2 ? part : part.replaceAll('<', '&lt;')))
    .join('`');

export const code = (text: string) => `\`${text}\``;
export const codes = (texts: string[]) => texts.map(code).join(', ');
export const list = (lines: string[]) => lines.map((line) => `- ${line}`).join('\n');
/** Folded away until somebody opens it. */
export const folded = (title: string, text: string) => `<details><summary>${title}</summary>\n\n${text}\n\n</details>`;
/** Paragraphs and blocks; empty ones are left out. */
export const blocks = (...parts: (string | false | undefined)[]) => parts.filter(Boolean).join('\n\n');
/** 0.005 → `0.5 %`. */
export const percent = (share: number) => `${Number((100 * share).toPrecision(6))} %`;
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
