/**
 * Which type a plain YAML scalar has. CloudFormation reads YAML 1.1 (User Guide, "Template formats"), in which `yes` is true,
 * `0123` is 83 and `12:30:45` counts seconds; aws-cli reads the same. Dates stay text: JSON has none.
 */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  [true, false].flatMap((value) =>
    (value ? ['true', 'yes', 'on'] : ['false', 'no', 'off']).flatMap((word) =>
      [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()].map((form) => [form, value] as const),
    ),
  ),
);
const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const PREFIXED = /^([-+]?)0(?:(b)([01_]+)|(x)([0-9a-fA-F_]+)|([0-7_]+))$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** Numbers that JSON can hold as they are written. */
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/** What other readers (YAML 1.2, JSON Schema's forms of dates, single letters) might take for something other than text. */
const AMBIGUOUS =
  /^(?:[yYnN]|<<|=|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9:.]+[ \t]*(?:Z|[-+][0-9:]+)?)?)$/;

/** `text` is a whole plain scalar, unfolded. */
export function resolvePlain(text: string): string | number | boolean | null {
  if (NULLS.has(text)) return null;
  const truth = BOOLEANS.get(text);
  if (truth !== undefined) return truth;
  const number = jsonNumber(text);
  return number === undefined ? text : Number(number);
}

/**
 * The number that a plain scalar stands for, as JSON writes it and with all its digits, or undefined where it is no number.
 * What JSON could hold as it stands is left so: `1.10` does not become `1.1`.
 */
export function jsonNumber(text: string): string | undefined {
  if (DECIMAL.test(text) || FLOAT.test(text)) return plainNumber(text.replaceAll('_', ''));
  const prefixed = PREFIXED.exec(text);
  if (prefixed !== null) return prefixedNumber(prefixed);
  return SEXAGESIMAL.test(text) ? sexagesimal(text.replaceAll('_', '')) : undefined;
}

/** A plain scalar of this text is a string for every reader. */
export function readsAsText(text: string): boolean {
  return typeof resolvePlain(text) === 'string' && !AMBIGUOUS.test(text);
}

function plainNumber(text: string): string {
  if (JSON_NUMBER.test(text)) return text;
  const unsigned = text.replace(/^\+/, '');
  return JSON_NUMBER.test(unsigned) ? unsigned : String(Number(unsigned));
}

function prefixedNumber([, sign, binary, bits, hex, nibbles, octal]: RegExpExecArray): string | undefined {
  const prefix = binary !== undefined ? '0b' : hex !== undefined ? '0x' : '0o';
  const digits = (bits ?? nibbles ?? octal ?? '').replaceAll('_', '');
  if (digits === '') return undefined;
  const value = BigInt(prefix + digits);
  return String(sign === '-' ? -value : value);
}

function sexagesimal(text: string): string {
  const negative = text.startsWith('-');
  const places = text.replace(/^[-+]/, '').split(':');
  if (!text.includes('.')) {
    const value = places.reduce((sum, place) => sum * 60n + BigInt(place), 0n);
    return String(negative ? -value : value);
  }
  const value = places.reduce((sum, place) => sum * 60 + Number(place), 0);
  return String(negative ? -value : value);
}
