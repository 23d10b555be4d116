import type { Fields, Form, Wanted } from '../place.ts';

/**
 * What is packaged: resource type → path below its Properties → how. The built-in table and a user's file (`--resources`) have this one form.
 *
 * A path is members joined by `.`; `[]` stands for every item of a list, `{}` for every value of a map. A dot, a bracket or a backslash that belongs to a name is
 * escaped by a backslash. Besides resource types there are pseudo types for what stands elsewhere: see `PSEUDO_TYPES`.
 */
export type WrittenTable = Readonly<Record<string, Readonly<Record<string, WrittenEntry>>>>;

export interface WrittenEntry {
  readonly form: WrittenForm;
  readonly wanted: Wanted;
  /** Of `object` and `siblings`. For `uri`: the property takes such an object too, and a reference needs it (SAM). */
  readonly members?: WrittenMembers;
  /** For `uri`: a member beside it that takes the object's version. */
  readonly version?: string;
  /** The service demands that the object's name ends in one of these. */
  readonly suffix?: readonly string[];
  /** The value is a list in one string, separated by this. */
  readonly separator?: ',';
  /** The value begins with one of these, the path stands behind it. */
  readonly prefix?: readonly string[];
  /** Only where these members, paths like the entry's own, have these values. */
  readonly when?: Readonly<Record<string, string>>;
  /** Values that are never a path; a `*` at the end stands for any rest. */
  readonly leave?: readonly string[];
  /** aws-cli or SAM package it: any text but a URL is a path, and a path where nothing is is an error. */
  readonly core?: boolean;
  /** Only what begins with `./` or `../` and exists is a path: other values mean something else to the service. */
  readonly explicit?: boolean;
  /** The service takes http(s) URLs too. */
  readonly url?: boolean;
  /** An intrinsic function is not evaluated there: the location must be a literal. */
  readonly literal?: boolean;
  /** The template behind it is deployed where no domain can be presumed. */
  readonly detached?: boolean;
  /** The member beside the key that says `REFERENCE` where the service reads the object in place for as long as the resource lives. */
  readonly storageMode?: string;
  /** aws-cli and SAM package the template's folder where the property is absent. */
  readonly orFolder?: boolean;
  /** For people. */
  readonly note?: string;
}

export const WRITTEN_FORMS = ['uri', 'https-url', 'object', 'siblings', 'arn', 'bucket/key', 'artifact-arn'] as const;
type WrittenForm = (typeof WRITTEN_FORMS)[number];

/** `bucketArn` instead of `bucket`: the member takes `arn:aws:s3:::bucket`. */
export type WrittenMembers = { readonly key: string; readonly version?: string } & (
  { readonly bucket: string } | { readonly bucketArn: string }
);

export const PSEUDO_TYPES = {
  include: 'Fn::Transform/AWS::Include',
  topLevelInclude: 'Transform/AWS::Include',
  repositoryMetadata: 'Metadata/AWS::ServerlessRepo::Application',
  init: '*/Metadata/AWS::CloudFormation::Init',
} as const;

export type Step =
  { readonly kind: 'member'; readonly name: string } | { readonly kind: 'items' } | { readonly kind: 'values' };

/** One property that names an artifact, ready to be searched for. */
export interface PropertyEntry {
  readonly type: string;
  /** The path as written, without the escapes: how messages and places name it. */
  readonly property: string;
  readonly path: readonly Step[];
  /** Of `siblings`: an object with `inKey`, and `path` leads to the key member. Everywhere else `inKey` is false. */
  readonly form: Form;
  readonly wanted: Wanted;
  readonly suffix: readonly string[];
  readonly separator: ',' | undefined;
  readonly prefix: readonly string[];
  readonly when: readonly Guard[];
  readonly leave: readonly string[];
  readonly core: boolean;
  readonly explicit: boolean;
  readonly url: boolean;
  readonly literal: boolean;
  readonly detached: boolean;
  readonly storageMode: string | undefined;
  readonly orFolder: boolean;
  readonly note: string | undefined;
}

interface Guard {
  readonly path: readonly Step[];
  readonly value: string;
}

/** Entries by type. */
export type PropertyTable = ReadonlyMap<string, readonly PropertyEntry[]>;

/** The table as it is looked up, from the table as it is written: an entry for each type and path. */
export function entriesOf(written: WrittenTable): PropertyEntry[] {
  return Object.entries(written).flatMap(([type, paths]) =>
    Object.entries(paths).map(([path, entry]) => entryOf(type, path, entry)),
  );
}

/** @param path valid, as `parsePath` says */
export function entryOf(type: string, path: string, written: WrittenEntry): PropertyEntry {
  return {
    type,
    property: propertyName(parsePath(path)),
    path: parsePath(path),
    form: formOf(written),
    wanted: written.wanted,
    suffix: written.suffix ?? [],
    separator: written.separator,
    prefix: written.prefix ?? [],
    when: Object.entries(written.when ?? {}).map(([guard, value]) => ({ path: parsePath(guard), value })),
    leave: written.leave ?? [],
    core: written.core ?? false,
    explicit: written.explicit ?? false,
    url: written.url ?? written.form === 'https-url',
    literal: written.literal ?? false,
    detached: written.detached ?? false,
    storageMode: written.storageMode,
    orFolder: written.orFolder ?? false,
    note: written.note,
  };
}

function formOf({ form, members, version }: WrittenEntry): Form {
  switch (form) {
    case 'uri':
      return {
        kind: 'uri',
        ...(members !== undefined && { objectFields: fieldsOf(members) }),
        ...(version !== undefined && { versionSibling: version }),
      };
    case 'object':
    case 'siblings':
      if (members === undefined) throw new TypeError(`the form '${form}' needs members`);
      return { kind: 'object', fields: fieldsOf(members), inKey: form === 'siblings' };
    case 'artifact-arn':
      return { kind: 'artifact', member: 'Arn' };
    case 'https-url':
    case 'arn':
    case 'bucket/key':
      return { kind: form };
  }
}

function fieldsOf(members: WrittenMembers): Fields {
  const { key, version } = members;
  const rest = { key, ...(version !== undefined && { version }) };
  return 'bucket' in members
    ? { bucket: members.bucket, ...rest }
    : { bucket: members.bucketArn, ...rest, bucketIsArn: true };
}

/**
 * `A.[].B\.c` → member A, every item, member `B.c`.
 * @throws SyntaxError where a member is empty
 */
export function parsePath(path: string): Step[] {
  return path.split(/(?<!\\)\./).map((step) => {
    if (step === '') throw new SyntaxError('a member of it is empty');
    if (step === '[]') return { kind: 'items' };
    if (step === '{}') return { kind: 'values' };
    return { kind: 'member', name: step.replaceAll(/\\(.)/g, '$1') };
  });
}

function propertyName(path: readonly Step[]): string {
  return path.map((step) => (step.kind === 'member' ? step.name : step.kind === 'items' ? '[]' : '{}')).join('.');
}
