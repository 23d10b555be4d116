import fc from 'fast-check';
import type { Node } from 'yaml';
import { Alias, Document, isCollection, isMap, isScalar, Pair, Scalar, visit, YAMLSeq } from 'yaml';

const word = fc.constantFrom(
  'a',
  'b',
  'Type',
  'x y',
  '- z',
  'n: o',
  '# p',
  "it's",
  '"q"',
  '0123',
  'yes',
  '',
  ' ',
  'é😀',
  '{}',
  'a, b',
  '<<',
  '*r',
  '&s',
  '!t',
  'line\nbreak',
  'two\n\nbreaks\n',
  '\tt',
  ' lead',
  'trail ',
  'x\n  more\nless\n',
  'end\n\n\n',
  'word '.repeat(30).trim(),
);
const leaf = fc.oneof(word, fc.integer({ min: -9, max: 99 }), fc.boolean(), fc.constant(null), fc.constant(1.5));
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'Type', 'On', 'x y', '0123', 'k: v'), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const top = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'D', 'E'), data, { minKeys: 1, maxKeys: 5 });

/** Random decisions, one after the other. */
type Dice = (sides: number) => number;

/**
 * YAML documents of all styles, with anchors, aliases, merge keys and comments. Once in a while the printer makes one that no reader
 * takes.
 */
export const documents: fc.Arbitrary<string> = fc
  .record({
    value: top,
    decisions: fc.array(fc.nat({ max: 1000 }), { minLength: 5, maxLength: 60 }),
    indent: fc.constantFrom(1, 2, 3, 4, 8),
    indentSeq: fc.boolean(),
    lineWidth: fc.constantFrom(0, 20, 80),
    lineBreak: fc.constantFrom('\n', '\r\n'),
    finalBreak: fc.boolean(),
  })
  .map(({ value, decisions, lineBreak, finalBreak, ...options }) => {
    let at = 0;
    const dice: Dice = (sides) => (decisions[at++ % decisions.length] ?? 0) % sides;
    const document = new Document(value);
    decorate(document, dice);
    const text = document.toString({ ...options, flowCollectionPadding: dice(2) === 0 });
    return (finalBreak ? text : text.replace(/\n$/, '')).replaceAll('\n', lineBreak);
  });

/** Gives nodes styles, tags and anchors, and puts aliases and merge keys of earlier anchors in the place of others. */
function decorate(document: Document, dice: Dice): void {
  const anchored: { node: Node; name: string }[] = [];
  const mergeLists = new Set<Node>();
  let names = 0;
  visit(document, {
    Scalar(key, node) {
      if (node.value === '<<' && key === 'key') return undefined;
      if (key !== 'key') {
        const styles = [
          undefined,
          Scalar.QUOTE_DOUBLE,
          Scalar.QUOTE_SINGLE,
          Scalar.BLOCK_LITERAL,
          Scalar.BLOCK_FOLDED,
          undefined,
        ] as const;
        const style = styles[dice(styles.length)];
        if (style !== undefined && typeof node.value === 'string') node.type = style;
        if (dice(8) === 0 && typeof node.value === 'string') node.tag = '!Sub';
      }
      return replacement(key !== 'key', node);
    },
    Collection(_key, node) {
      if (mergeLists.has(node)) return visit.SKIP;
      if (dice(3) === 0) node.flow = true;
      if (dice(10) === 0) node.tag = '!Foo';
      if (node === document.contents) return undefined;
      if (isMap(node) && dice(3) === 0) {
        const source = anchored.filter(({ node: target }) => isMap(target));
        const chosen = source[dice(Math.max(1, source.length))];
        if (chosen !== undefined) {
          const alias = new Alias(chosen.name);
          const list = new YAMLSeq<Alias>();
          mergeLists.add(list);
          list.items.push(alias, ...(dice(2) === 0 ? [alias] : []));
          if (dice(3) === 0) list.flow = true;
          const pair = new Pair(new Scalar('<<'), dice(3) === 0 ? list : alias);
          pair.key.type = Scalar.PLAIN;
          node.items.splice(dice(node.items.length + 1), 0, pair as (typeof node.items)[number]);
        }
      }
      return replacement(true, node);
    },
  });

  visit(document, {
    Node(_key, node) {
      if (dice(6) === 0) node.comment = ' behind';
      if (dice(6) === 0) node.commentBefore = ' before: {';
      if (dice(12) === 0) (node as { spaceBefore?: boolean }).spaceBefore = true;
    },
  });

  function replacement(mayBeCollection: boolean, node: Node): Alias | undefined {
    const eligible = anchored.filter(({ node: target }) => mayBeCollection || isScalar(target));
    const chosen = dice(4) === 0 ? eligible[dice(Math.max(1, eligible.length))] : undefined;
    if (chosen !== undefined && mayBeCollection) return new Alias(chosen.name);
    if (dice(3) === 0 && (isScalar(node) || isCollection(node))) {
      names += 1;
      node.anchor = `n${names}`;
      anchored.push({ node, name: node.anchor });
    }
    return undefined;
  }
}
