import { ArtifactError, parseArn, parseSelector } from '../../../repository/index.ts';
import type { Wanted } from '../place.ts';
import type { PropertyEntry } from '../properties/property.ts';

/** Whether something is at the path, which is relative to the template's folder. `true` where its kind is not known. */
export type Exists = (path: string) => boolean | 'file' | 'folder';

/** What a text in a property names. */
export type Meaning =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'artifact'; readonly name: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly version?: string }
  /** Something that is there already, or that means something to the service alone. */
  | { readonly kind: 'remote'; readonly why: string }
  | { readonly kind: 'url' }
  | { readonly kind: 'empty' }
  /** Computed from parameters, and nothing is there. */
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'wrong'; readonly why: string };

/**
 * - `plain`: the author wrote the text there.
 * - `computed`: an intrinsic function gives it. It is a path only if something is there, for nobody wrote a path there.
 * - `explicit`: it stands where nothing but an artifact makes sense: Fn::Artifact, a key without a bucket.
 */
export type Origin = 'plain' | 'computed' | 'explicit';

/** Well formed or not. One of another service, of an object in S3, say, is a property's own business. */
const ARTIFACT_ARN = /^arn:[^:]*:artifacts:/;
const LOCAL_PREFIX = /^\.{1,2}(?:\/|$)/;
/** At least two letters, so that a drive of Windows is none. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:/;
const URL = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;
const S3_URI = /^s3:\/\/(?<bucket>[^/?]+)\/(?<key>[^?]+)(?:\?versionId=(?<version>[^&]+))?$/;
/** What SAM takes for an object as well: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html, path style. */
const PATH_STYLE_URL =
  /^https:\/\/s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?\/(?<bucket>[^/?]+)\/(?<key>[^?]+)(?:\?versionId=(?<version>[^&]+))?$/;

/** Whether somebody wrote a path, without asking whether something is there. */
export function looksLocal(text: string): boolean {
  return LOCAL_PREFIX.test(text);
}

/** Whether a text that begins so can't be a local path, however it goes on. */
export function looksRemote(prefix: string): boolean {
  return /^(?:s3|https?):\/\/|^arn:|^\{\{resolve:/.test(prefix);
}

/**
 * @param text what stands there, or what an intrinsic function comes to
 * @param entry of the property it stands in; `undefined` for Fn::Artifact
 * @param exists asked only where the text may be a path
 */
export function meaningOf(text: string, entry: PropertyEntry | undefined, origin: Origin, exists: Exists): Meaning {
  if (text === '') return { kind: 'empty' };
  if (ARTIFACT_ARN.test(text)) return checkedArn(text);
  if (isBookmarked(text)) return { kind: 'artifact', name: text };
  if (text.startsWith('s3://')) return s3Meaning(text, entry);
  if (/^https?:\/\//.test(text)) return urlMeaning(text, entry);
  if (looksRemote(text)) return remote(text.startsWith('arn:') ? 'it is an ARN' : 'it is known at the deploy alone');
  if (entry?.leave.some((pattern) => matches(text, pattern)) === true)
    return remote('it means something to the service');
  const isThere = (): boolean => fits(exists(text), entry?.wanted);
  const path: Meaning = { kind: 'path', path: text };
  const isMeantAsPath = origin === 'explicit' || entry === undefined || (origin === 'plain' && entry.core);
  if (isMeantAsPath && URL.test(text) && exists(text) === false) return { kind: 'wrong', why: whyNoPath(text) };
  if (origin === 'explicit' || entry === undefined) return path;
  if (entry.explicit && !looksLocal(text)) return remote('only what begins with ./ or ../ is a path here');
  if (!entry.explicit && (entry.core || looksLocal(text) || text.startsWith('/'))) {
    return origin === 'plain' || exists(text) !== false ? path : { kind: 'missing', path: text };
  }
  if (SCHEME.test(text)) return remote('it is a URI');
  return isThere() ? path : remote(whyNotThere(exists(text)));
}

function remote(why: string): Meaning {
  return { kind: 'remote', why };
}

function whyNotThere(found: ReturnType<Exists>): string {
  return found === false ? 'it is no path at which something is' : 'a folder is there, and a file is wanted';
}

/** Schemes are known in lower case alone, as other tools know them. */
function whyNoPath(text: string): string {
  const [scheme = ''] = text.split('://');
  return /^(?:s3|https?)$/i.test(scheme)
    ? `'${text}' is no path, and the scheme of such a location is '${scheme.toLowerCase()}://', in lower case`
    : `'${text}' is a URL, and a path is wanted`;
}

function checkedArn(text: string): Meaning {
  try {
    parseArn(text);
    return { kind: 'artifact', name: text };
  } catch (error) {
    if (error instanceof ArtifactError) return { kind: 'wrong', why: error.message };
    throw error;
  }
}

/** Only a `^` makes a name an artifact's; never what happens to lie on the disk. */
function isBookmarked(text: string): boolean {
  if (!text.includes('^')) return false;
  try {
    return parseSelector(text).selection?.by === 'bookmark';
  } catch {
    return false;
  }
}

function s3Meaning(text: string, entry: PropertyEntry | undefined): Meaning {
  const parts = S3_URI.exec(text)?.groups;
  if (parts !== undefined) return s3Object(parts);
  // Where other tools leave an S3 location alone it may be a prefix as well.
  return entry?.core === false
    ? remote('it is in S3 already')
    : { kind: 'wrong', why: `'${text}' is not s3://BUCKET/KEY` };
}

function urlMeaning(text: string, entry: PropertyEntry | undefined): Meaning {
  const parts = entry?.form.kind === 'object' ? PATH_STYLE_URL.exec(text)?.groups : undefined;
  return parts === undefined ? { kind: 'url' } : s3Object(parts);
}

function s3Object({ bucket = '', key = '', version }: Record<string, string | undefined>): Meaning {
  return { kind: 's3', bucket, key, ...(version !== undefined && { version }) };
}

function matches(text: string, pattern: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

function fits(found: ReturnType<Exists>, wanted: Wanted | undefined): boolean {
  if (found === 'folder') return wanted === 'zip' || wanted === 'archive-or-file';
  return found !== false;
}
