/** A template's values after reading, and what a custom resource gets of them. */

export type Value =
  string | number | boolean | null | undefined | readonly Value[] | { readonly [name: string]: Value };
export type ValueMap = Readonly<Record<string, Value>>;

export function isMap(value: unknown): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

export function mapOf(value: Value): ValueMap {
  return isMap(value) ? value : {};
}

export function textOf(value: Value): string | undefined {
  if (value === undefined || value === null || typeof value === 'object') return undefined;
  return String(value);
}

/** The member at a path like `Code.S3Bucket`. */
export function at(value: Value, path: string): Value {
  return path.split('.').reduce<Value>((found, step) => mapOf(found)[step], value);
}

export function without(map: ValueMap, ...names: readonly string[]): ValueMap {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
}

/** Every scalar as a string: so CloudFormation sends properties to custom resources. */
export function stringified(value: Value): Value {
  if (isList(value)) return value.map(stringified);
  if (isMap(value)) return mapValues(value, stringified);
  return value === null || value === undefined ? value : String(value);
}

export function mapValues<T, R>(
  map: Readonly<Record<string, T>>,
  change: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value, name)]));
}

/** The same whatever the order of its members; what is absent and what is undefined are one. */
export function canonical(value: Value): string {
  if (isList(value)) return `[${value.map(canonical).join()}]`;
  if (!isMap(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join()}}`;
}

export function same(one: Value, other: Value): boolean {
  return canonical(one) === canonical(other);
}
