import { ArtifactError } from './error.ts';

/** What an artifact is called inside a domain: `repository/id`. By itself it names no content. */
export interface ArtifactName {
  readonly repository: string;
  readonly id: string;
}

export const DEFAULT_REPOSITORY = 'default';

const REPOSITORY = /^[a-z0-9][a-z0-9._-]{1,62}$/;
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._+=-]*$/;
const ID_LIMIT = 512;
/** Versions count from 1; 15 digits keep them exact in a double. */
const NUMBER = /^[1-9][0-9]{0,14}$/;

/** All of a longer one would bury what is said of it; an ARN of AWS's own has about a hundred. */
const SHOWN = 200;

/** A name as an error repeats it. */
export function shownName(text: string): string {
  // Half of a character is none.
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function invalid(what: string, text: string, rule: string): ArtifactError {
  return new ArtifactError('INVALID_NAME', `'${shownName(text)}' is no ${what}: ${rule}`);
}

/** Whether a repository may be called so. `parseRepository` says why not. */
export function isRepository(text: string): boolean {
  return REPOSITORY.test(text);
}

/** @throws ArtifactError INVALID_NAME */
export function parseRepository(text: string): string {
  if (!isRepository(text)) {
    throw invalid('repository name', text, "2 to 63 of a-z, 0-9, '.', '_' and '-', the first a letter or digit");
  }
  return text;
}

/**
 * Whether it may name a general purpose bucket: access points, directory buckets and the like have other features.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function isBucketName(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) &&
    !text.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(text) &&
    !/(?:-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$/.test(text)
  );
}

/** Whether an artifact may be called so. `parseId` says why not. */
export function isId(text: string): boolean {
  return text.length <= ID_LIMIT && text.split('/').every((segment) => SEGMENT.test(segment));
}

/** @throws ArtifactError INVALID_NAME */
export function parseId(text: string): string {
  if (!isId(text)) {
    throw invalid(
      'artifact ID',
      text,
      `up to ${ID_LIMIT} characters in segments joined by '/', each beginning with a letter or digit, of letters, digits and . _ + = -`,
    );
  }
  return text;
}

/** Whether it may stand as a label, a bookmark or an asset name, but for what a label must not be. */
export function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text.length <= ID_LIMIT;
}

/** Labels, bookmarks and assets are written like one segment of an ID. @throws ArtifactError INVALID_NAME */
export function parseSegment(what: 'label' | 'bookmark' | 'asset name' | 'set', text: string): string {
  if (!isSegment(text)) {
    throw invalid(what, text, 'a letter or digit, then letters, digits and . _ + = -');
  }
  if (what === 'label' && (/^[0-9]+$/.test(text) || text === 'latest')) {
    throw invalid(what, text, "digits alone are version numbers, and 'latest' is the newest version");
  }
  return text;
}

/** Whether it is one as it is written: not 0, no leading zeros. */
export function isVersionNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** `repository/id`. @throws ArtifactError INVALID_NAME */
export function parseArtifactName(text: string): ArtifactName {
  const slash = text.indexOf('/');
  if (slash < 0) throw invalid('artifact name', text, "it is written 'repository/id', like 'default/shop/api'");
  return { repository: parseRepository(text.slice(0, slash)), id: parseId(text.slice(slash + 1)) };
}

/** `repository/id`, the text that `parseArtifactName` reads back. */
export function formatArtifactName({ repository, id }: ArtifactName): string {
  return `${repository}/${id}`;
}

/** What chooses a version of an artifact. */
export type Selection =
  | { readonly by: 'latest' }
  | { readonly by: 'number'; readonly number: number }
  | { readonly by: 'label'; readonly label: string }
  /** The newest that is Published of those whose label is a semantic version in this range. */
  | { readonly by: 'range'; readonly range: string }
  | { readonly by: 'bookmark'; readonly bookmark: string };

export interface Selector extends ArtifactName {
  /** Absent: the artifact as such. */
  readonly selection?: Selection;
  /** 64 hexadecimal digits, or the first of them (at least 8) where that is unambiguous. */
  readonly digest?: string;
  readonly asset?: string;
}

const SELECTOR =
  /^(?<name>[^:^@#]+)(?::(?:(?<range>[~^<>=*][^@#]*)|(?<version>[^@#^:]+))|\^(?<bookmark>[^@#:]+))?(?:#(?<asset>[^@]+))?(?:@sha256:(?<digest>.*))?$/;

/**
 * `repository/id`, then nothing, `:7`, `:label`, `:latest`, `:^1.4` (a range of semantic versions, beginning with one of ~^<>=*) or `^bookmark`, then perhaps `#asset` or
 * `@sha256:digest`.
 * @throws ArtifactError INVALID_NAME
 */
export function parseSelector(text: string): Selector {
  const parts = SELECTOR.exec(text)?.groups;
  if (parts?.['name'] === undefined) {
    throw invalid(
      'artifact name',
      text,
      "it is written 'repository/id', with ':7', ':label', '^bookmark' or '@sha256:…' behind it",
    );
  }
  const { name, version, range, bookmark, asset, digest } = parts;
  if (digest !== undefined && !/^[0-9a-f]{8,64}$/.test(digest)) {
    throw invalid('digest', digest, '64 lower-case hexadecimal digits, or at least the first 8');
  }
  const selection: Selection | undefined =
    bookmark !== undefined
      ? { by: 'bookmark', bookmark: parseSegment('bookmark', bookmark) }
      : version === undefined
        ? range === undefined
          ? undefined
          : { by: 'range', range }
        : version === 'latest'
          ? { by: 'latest' }
          : isVersionNumber(version)
            ? { by: 'number', number: Number(version) }
            : { by: 'label', label: parseSegment('label', version) };
  return {
    ...parseArtifactName(name),
    ...(selection !== undefined && { selection }),
    ...(digest !== undefined && { digest }),
    ...(asset !== undefined && { asset: parseSegment('asset name', asset) }),
  };
}
