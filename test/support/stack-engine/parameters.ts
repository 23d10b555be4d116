import { UnsupportedError, ValidationError } from './error.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, textOf } from './value.ts';

/** As they were given: what is absent takes the stack's previous value, then the default. */
export type GivenParameters = Readonly<Record<string, string>>;

/** A list's value is text with commas, here as in DescribeStacks. */
export function chosenParameters(
  declarations: Readonly<Record<string, ValueMap>>,
  given: GivenParameters,
  previous: GivenParameters,
): GivenParameters {
  const unknown = Object.keys(given).filter((name) => !(name in declarations));
  if (unknown.length > 0) throw new ValidationError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  const chosen = Object.entries(declarations).map(
    ([name, declaration]) => [name, given[name] ?? previous[name] ?? defaultOf(declaration)] as const,
  );
  const missing = chosen.filter(([, value]) => value === undefined).map(([name]) => name);
  if (missing.length > 0) throw new ValidationError(`Parameters: [${missing.join(', ')}] must have values`);
  for (const [name, value] of chosen) check(name, declarations[name] ?? {}, value ?? '');
  return Object.fromEntries(chosen.map(([name, value]) => [name, value ?? '']));
}

/** What `Ref` gives. */
export function parameterValue(declaration: ValueMap | undefined, text: string): Value {
  return isListType(textOf(declaration?.['Type'])) ? text.split(',').map((one) => one.trim()) : text;
}

function isListType(type: string | undefined): boolean {
  return type === 'CommaDelimitedList' || type?.startsWith('List<') === true;
}

function defaultOf(declaration: ValueMap): string | undefined {
  const value = declaration['Default'];
  return isList(value) ? value.map(textOf).join() : textOf(value);
}

function check(name: string, declaration: ValueMap, value: string): void {
  const type = textOf(declaration['Type']) ?? '';
  if (type.startsWith('AWS::SSM::')) throw new UnsupportedError(`parameters of type ${type} (${name})`);
  if (type !== 'String' && type !== 'Number' && !isListType(type) && !type.startsWith('AWS::')) {
    throw new ValidationError(`Template format error: Unrecognized parameter type: ${type}`);
  }
  const numbers = type === 'Number' ? [value] : type === 'List<Number>' ? value.split(',') : [];
  if (numbers.some((one) => one.trim() === '' || Number.isNaN(Number(one)))) {
    throw new ValidationError(`Parameter '${name}' must be a number`);
  }
  const allowed = declaration['AllowedValues'];
  const values = isListType(type) ? value.split(',').map((one) => one.trim()) : [value];
  if (isList(allowed) && !values.every((one) => allowed.map(textOf).includes(one))) {
    throw new ValidationError(`Parameter '${name}' must be one of AllowedValues`);
  }
  const pattern = textOf(declaration['AllowedPattern']);
  if (pattern !== undefined && !values.every((one) => new RegExp(`^(?:${pattern})$`).test(one))) {
    const described = textOf(declaration['ConstraintDescription']);
    throw new ValidationError(`Parameter '${name}' must ${described ?? `match pattern ${pattern}`}`);
  }
  const limits = [
    ['MinLength', value.length, (limit: number) => value.length >= limit],
    ['MaxLength', value.length, (limit: number) => value.length <= limit],
    ['MinValue', value, (limit: number) => Number(value) >= limit],
    ['MaxValue', value, (limit: number) => Number(value) <= limit],
  ] as const;
  for (const [constraint, , holds] of limits) {
    const limit = textOf(declaration[constraint]);
    if (limit !== undefined && !holds(Number(limit))) {
      throw new ValidationError(`Parameter '${name}' must keep to ${constraint} ${limit}`);
    }
  }
  if (Buffer.byteLength(value) > 4096) throw new ValidationError(`Parameter '${name}' must be at most 4096 bytes`);
}
