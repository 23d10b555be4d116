import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { DetailType, DomainEvent } from '../../repository/event.ts';

const FOLDER = path.join(import.meta.dirname, '../../schemas/events');

/** What stands in schemas/events/, by detail-type. */
export const SCHEMAS: ReadonlyMap<string, object> = new Map(
  readdirSync(FOLDER)
    .map((file) => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as { readonly title: string })
    .map((schema) => [schema.title, schema]),
);

/** The kinds of events that there are: one that has no line here does not compile. */
const DETAIL_TYPES: Readonly<Record<DetailType, true>> = {
  'Artifact Condemned': true,
  'Artifact Rescued': true,
  'Artifact Deleted': true,
  'Artifact Version Published': true,
  'Artifact Promoted': true,
  'Artifact Version Deleted': true,
  'Artifact Version Undeleted': true,
  'Artifact Version Status Changed': true,
  'Artifact Bookmark Moved': true,
  'Artifact Reference Added': true,
  'Artifact Reference Removed': true,
};
export const EVERY_DETAIL_TYPE: readonly string[] = Object.keys(DETAIL_TYPES);

export interface Delivered {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

const validators = new Map<string, ValidateFunction>();

/** What of an event is not as its schema says; and what the schema does not tell of. */
export function problemsOf(event: Delivered): readonly string[] {
  const type = event['detail-type'];
  const schema = SCHEMAS.get(type);
  if (schema === undefined) return [`there is no schema of '${type}'`];
  const validate = validators.get(type) ?? new Ajv2020({ allErrors: true, strict: true }).compile(closed(schema));
  validators.set(type, validate);
  if (validate(event)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}

/** As it comes out of the bus. */
export function delivered({ detailType, detail }: DomainEvent): Delivered {
  const plain = JSON.parse(JSON.stringify(detail)) as Delivered['detail'];
  return { source: 'cfn-artifacts', 'detail-type': detailType, resources: [...detail.arns], detail: plain };
}

/** Readers are to ignore members that they do not know; the tests know all of them. */
export function closed(schema: unknown): object {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema as object;
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return 'properties' in schema ? { ...members, additionalProperties: false } : members;
}
