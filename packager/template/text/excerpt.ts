import type { Lines } from './lines.ts';

/** As much of a line as is shown, so that one of a minified template stays readable. */
const WIDTH = 100;

/**
 * The line of an offset as it stands in the text, and a caret under its column:
 * ```
 *   3 |   Key value
 *     |   ^
 * ```
 */
export function excerpt(text: string, lines: Lines, offset: number): string {
  const start = lines.start(offset);
  const end = lines.end(offset);
  const at = Math.min(offset, end);
  const from = at - start > (WIDTH * 2) / 3 ? at - WIDTH / 2 : start;
  const to = Math.min(end, from + WIDTH);
  const lead = from > start ? '…' : '';
  const shown = visible(text.slice(from, to));
  const number = String(lines.at(offset).line);
  const caret = `${lead}${text.slice(from, at)}`.replace(/[^\t]/g, ' ');
  return `${number} | ${lead}${shown}${to < end ? '…' : ''}\n${' '.repeat(number.length)} | ${caret}^`;
}

/** Without what would move the cursor of a terminal; tabs move it in both lines alike. */
function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are meant
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g, '·');
}
