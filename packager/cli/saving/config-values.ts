/** What one option is set to in a file. */
export type ConfigValue = string | boolean | readonly string[];

/** In the place of a value: the key goes, in whatever spelling, and what stands behind it in its line. */
export const TAKEN_OUT: unique symbol = Symbol('taken out');

/** One value and where it belongs: `['default', 'package', 'parameters', 's3_bucket']`. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: ConfigValue | typeof TAKEN_OUT;
}

/** How people have called a key: SAM takes `_`, this program takes `-` as well. */
export function isSameKey(one: string, other: string): boolean {
  return one.replaceAll('-', '_') === other.replaceAll('-', '_');
}

/** `\r\n` if the text has its lines so. */
export function lineEndOf(text: string): string {
  return /\r\n/.test(text) ? '\r\n' : '\n';
}

/** The offset behind the line that an offset stands in, its end included. */
export function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** Blanks that the line of an offset begins with. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(startOfLine(text, offset), offset))?.[0] ?? '';
}

/** The offset at which the line of an offset begins. */
export function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** Takes the place of `start` to `end`. */
export function spliced(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** As a line of its own, behind the line that an offset stands in. */
export function lineInserted(text: string, offset: number, line: string): string {
  const at = endOfLine(text, offset);
  const end = lineEndOf(text);
  const isLast = at === text.length && !text.endsWith('\n') && text !== '';
  return spliced(text, at, at, isLast ? `${end}${line}` : `${line}${end}`);
}
