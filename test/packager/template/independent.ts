import type { Node, Pair } from 'yaml';
import { isAlias, isCollection, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { TemplateNode } from '../../../packager/template/node.ts';

/**
 * Another reader for templates, to compare with: `yaml`'s own documents, with its own resolution of types, aliases and merge keys.
 * Short tags are spelled out. It is stricter than CloudFormation about brackets, and then says `undefined`.
 */
export function readIndependently(source: string): { readonly data: unknown } | undefined {
  const text = source.replace(/^\uFEFF/, '');
  try {
    return { data: JSON.parse(text) };
  } catch {
    // not JSON
  }
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !/timestamp|binary|set|omap|pairs|merge/.test(tag.tag)),
  });
  if (document.errors.length > 0) return undefined;

  const data = (node: unknown): unknown => {
    if (isAlias(node)) return data(node.resolve(document));
    const tag = isScalar(node) || isCollection(node) ? node.tag : undefined;
    if (tag?.startsWith('!') !== true || tag === '!') return content(node, tag === '!');
    const name = tag.slice(1);
    return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: content(node, true) };
  };
  const content = (node: unknown, asText: boolean): unknown => {
    if (isScalar(node)) return asText ? (node.source ?? '') : scalar(node.value, node.source ?? '');
    if (isSeq(node)) return node.items.map((item) => data(item));
    if (isMap(node)) return members(node.items);
    return null;
  };
  const members = (pairs: readonly Pair[]): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    const merged: Record<string, unknown>[] = [];
    for (const { key, value } of pairs) {
      const resolved = isAlias(key) ? key.resolve(document) : (key as Node);
      const name = isScalar(resolved) ? (resolved.source ?? '') : '';
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        merged.push(...mergeSources(value));
      } else {
        define(result, name, data(value));
      }
    }
    for (const source of merged) {
      for (const [name, value] of Object.entries(source)) if (!Object.hasOwn(result, name)) define(result, name, value);
    }
    return result;
  };
  const mergeSources = (node: unknown): Record<string, unknown>[] => {
    if (isAlias(node)) return mergeSources(node.resolve(document));
    if (isSeq(node)) return node.items.flatMap(mergeSources);
    return isMap(node) ? [members(node.items)] : [];
  };
  return { data: data(document.contents) };
}

/** Types that the two readers see differently, and CloudFormation has none of: single letters, infinity, exponents without a point. */
function scalar(value: unknown, source: string): unknown {
  if (/^[yYnN]$/.test(source)) return source;
  if (typeof value === 'number' && (!Number.isFinite(value) || /^[-+]?[0-9_]+[eE]/.test(source))) return source;
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The data of a tree of ours. */
export function dataOf(node: TemplateNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(dataOf);
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const { key, value } of node.entries) define(result, key, dataOf(value));
      return result;
    }
  }
}

/** Also where the name is `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Every node of a tree, the root first. */
export function* nodesOf(node: TemplateNode): Generator<TemplateNode> {
  yield node;
  if (node.kind === 'list') for (const item of node.items) yield* nodesOf(item);
  if (node.kind === 'map') for (const { value } of node.entries) yield* nodesOf(value);
}
