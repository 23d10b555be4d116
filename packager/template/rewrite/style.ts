import { quoteDouble } from '../text/quote.ts';
import { readsAsText } from '../text/scalar.ts';
import type { Member, Value } from './value.ts';

export type Quotes = 'single' | 'double';

/** How a flow collection is written: what is inserted into one is written like what is there. */
export interface FlowStyle {
  /** Keys and text in double quotes, functions spelled out. */
  readonly json: boolean;
  /** Between key and value: `: `, or `:` where everything is packed. */
  readonly colon: string;
  /** Between items on one line. */
  readonly comma: string;
  /** Inside of braces on one line. */
  readonly padding: string;
  /** One member a line: its line break with the indentation of the collection's members, and one step more. Absent: all on one line. */
  readonly lines?: { readonly lineBreak: string; readonly indent: string; readonly step: string };
}

/** A YAML scalar that is this text for every reader: plain where that is possible and no quotes are asked for. */
export function yamlText(text: string, context: 'block' | 'flow', quotes?: Quotes): string {
  if (quotes === undefined && isPlain(text, context)) return text;
  // eslint-disable-next-line no-control-regex -- these can't stand in single quotes
  if (quotes === 'double' || /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/.test(text)) {
    return quoteDouble(text);
  }
  return `'${text.replaceAll("'", "''")}'`;
}

/** Whether text can stand without quotes. Stricter than YAML: a colon in flow is an error to older readers. */
function isPlain(text: string, context: 'block' | 'flow'): boolean {
  if (!/^[^\s\-?:,[\]{}#&*!|>'"%@`\u007f-\u009f\u2028\u2029\ufeff][ -~\u00a1-\ud7ff\ue000-\ufefe]*$/.test(text))
    return false;
  if (/\s$|: |:$| #|[\u2028\u2029]/.test(text)) return false;
  if (context === 'flow' && /[,[\]{}:]/.test(text)) return false;
  return readsAsText(text);
}

/** A value on one line, as it stands in block context: without maps of its own, which have lines of their own. */
export function inline(value: Value, quotes?: Quotes): string {
  switch (value.kind) {
    case 'text':
      return yamlText(value.text, 'block', quotes);
    case 'call':
      return call(value.name, value.argument, 'block', quotes);
    case 'literal':
    case 'list':
    case 'map':
      return inFlow(value, PLAIN_FLOW, quotes);
  }
}

const PLAIN_FLOW: FlowStyle = { json: false, colon: ': ', comma: ', ', padding: '' };

/** A value inside of a flow collection. Of several lines, the first begins where it is put. */
export function inFlow(value: Value, style: FlowStyle, quotes?: Quotes): string {
  switch (value.kind) {
    case 'text':
      return style.json ? quoteDouble(value.text) : yamlText(value.text, 'flow', quotes);
    case 'literal':
      return String(value.literal);
    case 'list': {
      const items = value.items.map((item) => inFlow(item, deeper(style, value)));
      return bracketed('[]', items, { ...style, padding: '' }, ownLines(value));
    }
    case 'map': {
      const members = value.entries.map((member) => flowMember(member, deeper(style, value)));
      return bracketed('{}', members, style, ownLines(value));
    }
    case 'call':
      if (!style.json) return call(value.name, value.argument, 'flow', quotes);
      return inFlow({ kind: 'map', entries: [[longName(value.name), value.argument]] }, onOneLine(style));
  }
}

/** A member of a flow map, to be put among others. */
export function flowMember([key, value]: Member, style: FlowStyle): string {
  const name = style.json ? quoteDouble(key) : yamlText(key, 'flow');
  return `${name}${style.colon}${inFlow(value, style)}`;
}

/** The lines of a block map or list, without indentation of their own; `step` is that of each level below. */
export function blockLines(value: Value, step: string): readonly string[] {
  if (value.kind === 'map') return value.entries.flatMap((member) => blockMember(member, step));
  if (value.kind !== 'list') return [inline(value)];
  return value.items.flatMap((item) => {
    const [first = '', ...others] = hasLines(item) ? blockLines(item, step) : [inline(item)];
    return [`- ${first}`, ...others.map((line) => `  ${line}`)];
  });
}

/** The lines of one member in block style, without indentation of their own. */
export function blockMember([key, value]: Member, step: string): readonly string[] {
  const name = yamlText(key, 'block');
  if (!hasLines(value)) return [`${name}: ${inline(value)}`];
  return [`${name}:`, ...blockLines(value, step).map((line) => `${step}${line}`)];
}

/** Written in block style it takes lines of its own. */
export function hasLines(value: Value): boolean {
  return (value.kind === 'map' && value.entries.length > 0) || (value.kind === 'list' && value.items.length > 0);
}

/** A short tag. CloudFormation takes one inside of another as long as there is a list or map between them, as there always is here. */
function call(name: string, argument: Value, context: 'block' | 'flow', quotes?: Quotes): string {
  if (name === 'GetAtt' && argument.kind === 'list') {
    const parts = argument.items.map((item) => (item.kind === 'text' ? item.text : ''));
    return `!GetAtt ${yamlText(parts.join('.'), context)}`;
  }
  const behind = argument.kind === 'text' ? yamlText(argument.text, context, quotes) : inFlow(argument, PLAIN_FLOW);
  return `!${name} ${behind}`;
}

function longName(name: string): string {
  return name === 'Ref' ? name : `Fn::${name}`;
}

function bracketed(
  brackets: '[]' | '{}',
  items: readonly string[],
  { comma, padding, lines }: FlowStyle,
  mayHaveLines: boolean,
): string {
  const [open = '', close = ''] = brackets;
  if (items.length === 0) return brackets;
  if (lines === undefined || !mayHaveLines) return `${open}${padding}${items.join(comma)}${padding}${close}`;
  const { lineBreak, indent, step } = lines;
  const inner = lineBreak + indent + step;
  return `${open}${inner}${items.join(`,${inner}`)}${lineBreak}${indent}${close}`;
}

/** Lists of single values stay on one line even where maps don't. */
function ownLines(value: Value): boolean {
  return value.kind === 'map' || (value.kind === 'list' && value.items.some(({ kind }) => kind === 'map'));
}

function deeper(style: FlowStyle, value: Value): FlowStyle {
  if (style.lines === undefined || !ownLines(value)) return onOneLine(style);
  const { indent, step } = style.lines;
  return { ...style, lines: { ...style.lines, indent: indent + step } };
}

function onOneLine({ json, colon, comma, padding }: FlowStyle): FlowStyle {
  return { json, colon, comma, padding };
}
