/** Characters: an ARN is whole, as a rule. */
const LENGTH = 200;

/**
 * What somebody gave, as a message names it: in single quotes, in JSON where it is no text, and only its beginning where it is long.
 * @param absent what is said where nothing was given
 */
export function shownValue(value: unknown, absent: string): string {
  if (value === undefined) return absent;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `'${text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text}'`;
}
