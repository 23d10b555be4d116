import type { Value, ValueMap } from './value.ts';
import { isMap, mapValues, textOf } from './value.ts';

/**
 * A request of AWS's Query protocol as the SDK was given it: `Tags.member.1.Key` is a member of a list, `Id.entry.1.key` one of a map. Scalars stay text.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export function readQuery(body: string): ValueMap {
  const root: Branch = new Map();
  for (const [path, value] of new URLSearchParams(body)) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let branch = root;
    for (const step of steps) {
      const next = branch.get(step) ?? '';
      const under = typeof next === 'string' ? new Map<string, string | Branch>() : next;
      branch.set(step, under);
      branch = under;
    }
    branch.set(last, value);
  }
  return mapValues(Object.fromEntries(root), inPlain);
}

type Branch = Map<string, string | Branch>;

function inPlain(value: string | Branch): Value {
  if (!(value instanceof Map)) return value;
  const [list, map] = [value.get('member'), value.get('entry')];
  if (list instanceof Map) return [...list.values()].map(inPlain);
  if (map instanceof Map) {
    const entries = [...map.values()].map(inPlain).filter(isMap);
    return Object.fromEntries(entries.map(({ key, value: one }) => [textOf(key) ?? '', one]));
  }
  return mapValues(Object.fromEntries(value), inPlain);
}
