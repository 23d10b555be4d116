import type { SourcePlace } from '../../repository/error.ts';
import type { Build } from './build.ts';

/** Where something stands in a template file, as an editor counts: line and column from 1. */
export interface Position {
  /** As the user knows it: relative to the working directory where that is shorter. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`, as terminals and editors link it. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/**
 * What the property wants behind the path.
 * - `zip`: an archive. A folder becomes one, a zip file (told by content) is taken as it is, another file is zipped alone.
 * - `archive-or-file`: a folder becomes an archive; a file is taken as it is.
 * - `file`: one file as it is; a folder is an error.
 * - `template`: a template that is itself packaged first.
 * - `fragment`: what AWS::Include brings in; packaged first, everything in it literal.
 */
export type Wanted = 'zip' | 'archive-or-file' | 'file' | 'template' | 'fragment';

/**
 * How the location is written in the place of the path, exactly as aws-cli and SAM write it where they support the property.
 * - `uri`: `s3://bucket/key`; with `objectFields` (SAM), a reference's bucket makes it an object of these members instead
 * - `https-url`: `https://…`
 * - `object`: a map with these members. Where the path stood in the key member of a map that has no bucket member (`inKey`), the other members of
 *   that map stay, and so do siblings where the members are properties of the resource itself.
 * - `arn`: `arn:aws:s3:::bucket/key`
 * - `bucket/key`: just that
 * - `artifact`: what Fn::Artifact asks for
 */
export type Form =
  | { readonly kind: 'uri'; readonly objectFields?: Fields; readonly versionSibling?: string }
  | { readonly kind: 'https-url' }
  | { readonly kind: 'object'; readonly fields: Fields; readonly inKey: boolean }
  | { readonly kind: 'arn' }
  | { readonly kind: 'bucket/key' }
  | { readonly kind: 'artifact'; readonly member: ArtifactMember };

/** Names of members. `bucketIsArn`: the bucket member takes `arn:aws:s3:::bucket`. */
export interface Fields {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
  readonly bucketIsArn?: boolean;
}

export const ARTIFACT_MEMBERS = [
  'Uri',
  'Url',
  'Arn',
  'Bucket',
  'Key',
  'ObjectVersion',
  'Digest',
  'CodeSha256',
] as const;
export type ArtifactMember = (typeof ARTIFACT_MEMBERS)[number];

/** How a place names its artifact. */
export type Target =
  | { readonly kind: 'path'; readonly path: string }
  /** An artifact ARN or `repository/id^bookmark`, as written. */
  | { readonly kind: 'artifact'; readonly name: string }
  /** `s3://bucket/key?versionId=v` where the property takes an object: nothing is uploaded, the URI is taken apart. */
  | { readonly kind: 's3-uri'; readonly bucket: string; readonly key: string; readonly version?: string };

/** One combination of Fn::ForEach variables, outermost first, and what the place names under it. */
export interface LoopTarget {
  readonly values: readonly string[];
  readonly target: Target;
  /** What is packaged is made of what stands at the path. */
  readonly build?: Build;
}

/** A text that a build decides beside the code: the Handler, a variable of the environment. Written there, or added. */
export interface Setting {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly text: string;
}

/** One value in a template that names an artifact and will be replaced. */
export interface Place {
  /** JSON pointer (RFC 6901) into the parsed template, short tags spelled out, aliases expanded: the place's identity within the template. */
  readonly pointer: string;
  readonly position: Position;
  /** Logical ID of the resource around it; absent outside of Resources. */
  readonly resource?: string;
  /** The Condition of that resource, if it has one. */
  readonly condition?: string;
  /** `AWS::Lambda::Function`, `Fn::Transform/AWS::Include`, `Fn::Artifact`, `Metadata/AWS::ServerlessRepo::Application` … */
  readonly type: string;
  /** Dotted, as in the table: `Code`, `Command.ScriptLocation`. */
  readonly property: string;
  /** The property is absent and the compatibility switch asks for the template's folder: the property is added. `pointer` ends in its name. */
  readonly absent: boolean;
  readonly wanted: Wanted;
  /** A suffix that the service demands of the filename, like `.env`. */
  readonly suffix?: readonly string[];
  /** One; several only where the loop variables of Fn::ForEach, or a comma-separated list, make the place name several. */
  readonly targets: readonly LoopTarget[];
  /** Names of the loop variables that the targets depend on, outermost first; empty: one target, or a comma-separated list. */
  readonly loop: readonly string[];
  /** The form in which the location is written. */
  readonly form: Form;
  /** Stands before the location in the value and stays there: `credentialspec:`. */
  readonly prefix?: string;
  /** The value must be a literal here: an intrinsic would not be evaluated. */
  readonly literal: boolean;
  /** The template behind it is deployed where no domain can be presumed (StackSets, Service Catalog, conformance packs): it holds literals. */
  readonly detached: boolean;
  /** The consumer reads the object for as long as it lives (Lambda's S3ObjectStorageMode: REFERENCE), so the version is named too. */
  readonly pinned: boolean;
  /** The place wants an ARN of the artifact: only a domain has one. */
  readonly needsArn: boolean;
  /** From `Fn::Artifact: {Name: …}`: an artifact ID below the prefix, in place of the path's. */
  readonly name?: string;
  /** What a build of the code changes in the resource around the place. */
  readonly settings?: readonly Setting[];
}

/** Where a place stands, for messages and scripts. */
export function sourcePlace({ position, resource, property, type }: Place): SourcePlace {
  return { ...position, ...(resource !== undefined && { resource }), property, type };
}

/** How messages name a place: `Code of 'Fn' (AWS::Lambda::Function)`. */
export function subjectOf({ resource, property, type }: Place): string {
  return resource === undefined ? `${property} of ${type}` : `${property} of '${resource}' (${type})`;
}

/** Where an artifact stands, and what it is. */
export interface Location {
  readonly bucket: string;
  readonly key: string;
  /** S3 object version, where the bucket has versions. */
  readonly objectVersion?: string;
  /** `https://…`, endpoint and suffix of the bucket's own region and partition. */
  readonly url: string;
  /** ARN prefix of the bucket's partition: `aws`, `aws-cn` … */
  readonly partition: string;
  /** The definite ARN; absent without a domain. */
  readonly arn?: string;
  /** SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
}

export interface Rewrite {
  readonly place: Place;
  /** As many as `place.targets`, in that order. */
  readonly locations: readonly Location[];
  /** Logical ID of the Custom::ArtifactRef from which the value takes the bucket by GetAtt, per target; absent: a literal. */
  readonly references?: readonly string[];
  /** References that the resource around the place must wait for, because the value alone does not name them. */
  readonly dependsOn: readonly string[];
}

/** A Custom::ArtifactRef to be written into the template. */
export interface ReferenceResource {
  readonly logicalId: string;
  /** One: `ArtifactArn` and `Key`. Several (up to 40): `ArtifactArns`. */
  readonly artifacts: readonly { readonly arn: string; readonly key: string; readonly resolvedFrom?: string }[];
  /** Several even if it is one: the consumer takes no more than the bucket from it. */
  readonly grouped: boolean;
  /** A consumer runs from the bucket, so published versions of it go on reading after an update. */
  readonly pinned: boolean;
  /** Name of the Condition that all its users share. */
  readonly condition?: string;
}
