import type { MapEntry, MapNode, ScalarNode, TemplateNode } from '../node.ts';
import { resolvePlain } from './scalar.ts';
import type { EntrySyntax, Problem, ScalarSyntax, SyntaxNode } from './syntax.ts';

const STANDARD = 'tag:yaml.org,2002:';

/** The node model of YAML without aliases and merge keys. Duplicate keys become problems; `describe` names an offset for people. */
export function treeOf(
  root: SyntaxNode,
  describe: (offset: number) => string,
): { readonly root: TemplateNode; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];

  const node = (syntax: SyntaxNode): TemplateNode => {
    const { tag } = syntax;
    const name = tag === undefined ? undefined : longForm(tag.name);
    if (tag === undefined || name === undefined) return value(syntax, syntax.start, tag?.name);
    const inner = value(syntax, syntax.content, '!');
    const entry: MapEntry = { key: name, keyStart: tag.start, keyEnd: tag.end, value: inner };
    return { kind: 'map', start: syntax.start, end: syntax.end, style: inner.style, short: true, entries: [entry] };
  };

  const value = (syntax: SyntaxNode, start: number, tag: string | undefined): TemplateNode => {
    const { end } = syntax;
    switch (syntax.kind) {
      case 'scalar': {
        const style = syntax.form === 'block' ? 'block' : 'flow';
        return { kind: 'scalar', start, end, style, value: typed(syntax, tag) };
      }
      case 'list':
        return { kind: 'list', start, end, style: styleOf(syntax), items: syntax.items.map(node) };
      case 'map': {
        const entries = syntax.entries.map(entry);
        problems.push(...duplicates(entries, describe));
        return { kind: 'map', start, end, style: styleOf(syntax), short: false, entries };
      }
      case 'alias':
        throw new Error('aliases are expanded before');
    }
  };

  const entry = ({ key, value: behind }: EntrySyntax): MapEntry => ({
    key: key.kind === 'scalar' ? key.value : '',
    keyStart: key.content,
    keyEnd: key.end,
    value: node(behind),
  });

  return { root: node(root), problems };
}

/** What to do about a key that is there twice: of two values, one would count for nothing. */
const ONE_KEY = 'Remove one of them, give one another name, or write both into one.';

/**
 * A problem for each key that was there before in the same map.
 * @param describe says where an offset is
 */
export function duplicates(entries: readonly MapEntry[], describe: (offset: number) => string): Problem[] {
  const first = new Map<string, MapEntry>();
  const problems: Problem[] = [];
  for (const entry of entries) {
    const before = first.get(entry.key);
    if (before === undefined) first.set(entry.key, entry);
    else {
      const message = `the key '${entry.key}' is there twice, first at ${describe(before.keyStart)}`;
      problems.push({ offset: entry.keyStart, message, remedy: ONE_KEY });
    }
  }
  return problems;
}

function styleOf({ flow }: { readonly flow: boolean }): MapNode['style'] {
  return flow ? 'flow' : 'block';
}

/** `!Ref` and `!Condition` stand for the key of their name, every other local tag for an intrinsic function. */
export function longForm(tag: string): string | undefined {
  if (!tag.startsWith('!') || tag === '!') return undefined;
  const name = tag.slice(1);
  return name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
}

/** Behind a short tag everything is text, as aws-cli reads it: `!Ref 0123` names '0123'. */
function typed({ form, value }: ScalarSyntax, tag: string | undefined): ScalarNode['value'] {
  switch (tag) {
    case undefined:
      return form === 'plain' || form === 'empty' ? resolvePlain(value) : value;
    case `${STANDARD}int`:
    case `${STANDARD}float`:
    case `${STANDARD}bool`:
    case `${STANDARD}null`:
      return resolvePlain(value);
    default:
      return value;
  }
}
