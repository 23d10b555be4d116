import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { closed } from './event-schemas.ts';

const FOLDER = path.join(import.meta.dirname, '../../schemas');

/** A schema as a reader of the package finds it. */
export function schemaNamed(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.schema.json`), 'utf8')) as Record<string, unknown>;
}

const validators = new Map<string, ValidateFunction>();

/**
 * What of a document is not as a schema says.
 * @param how `as others`: members that the schema does not tell of are ignored, as readers are to do; else they are problems too
 */
export function problemsBy(name: string, value: unknown, how?: 'as others'): readonly string[] {
  const key = `${name} ${how ?? ''}`;
  const schema = how === undefined ? closed(schemaNamed(name)) : schemaNamed(name);
  const validate =
    validators.get(key) ?? new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
  validators.set(key, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}
