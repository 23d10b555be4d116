/** The value at a JSON pointer (RFC 6901); `undefined` where there is none. */
export function at(data: unknown, pointer: string): unknown {
  return membersOf(pointer).reduce<unknown>(
    (value, member) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[member] : undefined,
    data,
  );
}

/** A copy with the values at the pointers replaced, or taken out where `value` answers `undefined`. */
export function withReplaced(data: unknown, pointers: readonly string[], value: (before: unknown) => unknown): unknown {
  const copy = structuredClone(data);
  for (const pointer of pointers) {
    const members = membersOf(pointer);
    const last = members.pop() ?? '';
    const parent = at(copy, members.map((member) => `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
    if (typeof parent !== 'object' || parent === null) continue;
    const holder = parent as Record<string, unknown>;
    const after = value(holder[last]);
    if (after === undefined) Reflect.deleteProperty(holder, last);
    else holder[last] = after;
  }
  return copy;
}

function membersOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((member) => member.replaceAll('~1', '/').replaceAll('~0', '~'));
}
