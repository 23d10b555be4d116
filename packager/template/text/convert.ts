import type { TemplateNode } from '../node.ts';
import { isString } from '../node.ts';
import { parseTemplate } from './parse.ts';
import { jsonNumber } from './scalar.ts';

/** As aws-cli indents. */
const STEP = '    ';

/**
 * A template as JSON, as `aws cloudformation package --use-json` prints it: short tags spelled out, `!GetAtt a.b` as a list, four blanks of
 * indentation. Unlike there, dates stay text and numbers keep their digits. What is JSON already stays as it is.
 * @throws ArtifactErrors INVALID_TEMPLATE where it can't be read
 */
export function toJson(text: string, file: string): string {
  const template = parseTemplate(text, file, { kind: 'fragment' });
  return template.syntax === 'json' ? text : `${print(template.root, template.text, '')}\n`;
}

function print(node: TemplateNode, source: string, indent: string): string {
  const inner = `\n${indent}${STEP}`;
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'number'
        ? digits(node.value, source.slice(node.start, node.end))
        : JSON.stringify(node.value);
    case 'list': {
      const items = node.items.map((item) => print(item, source, indent + STEP));
      return items.length === 0 ? '[]' : `[${inner}${items.join(`,${inner}`)}\n${indent}]`;
    }
    case 'map': {
      const members = node.entries.map(({ key, value }) => {
        const printed =
          node.short && key === 'Fn::GetAtt' && isString(value)
            ? attributePath(value.value, indent + STEP)
            : print(value, source, indent + STEP);
        return `${JSON.stringify(key)}: ${printed}`;
      });
      return members.length === 0 ? '{}' : `{${inner}${members.join(`,${inner}`)}\n${indent}}`;
    }
  }
}

/** `a.b.c` is the attribute `b.c` of `a`. */
function attributePath(path: string, indent: string): string {
  const dot = path.indexOf('.');
  const parts = dot === -1 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
  const inner = `\n${indent}${STEP}`;
  return `[${inner}${parts.map((part) => JSON.stringify(part)).join(`,${inner}`)}\n${indent}]`;
}

/** A number of more digits than fit into a double keeps them. `written` may have a tag, an anchor and quotes. */
function digits(value: number, written: string): string {
  const bare = written.replace(/^(?:[!&]\S*\s+)+/, '').replace(/^(['"])(.*)\1$/, '$2');
  return jsonNumber(bare) ?? String(value);
}
