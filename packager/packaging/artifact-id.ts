import { sha256 } from '../../repository/index.ts';
import type { Identity } from './unit.ts';

const ID_LIMIT = 512;
const SHORT = 8;

/** What an artifact is made of, the commonest first: the same file may be wanted in more than one form. */
const FORMS = [
  'named',
  'archive',
  'file',
  'template',
  'fragment',
  'zipped-file',
  'detached-template',
  'built',
] as const;

/** One thing that needs an ID. */
export interface Named {
  readonly identity: Identity;
  /** Path below the project with `/`; or, of form `named`, the ID below the prefix that the author chose. */
  readonly location: string;
  readonly form: (typeof FORMS)[number];
  /** What stands there is another under the parameters that it is given: its ID always says so. */
  readonly isVariant?: boolean;
}

/**
 * Gives everything the ID `{prefix}/{path below the project}`. Where two come to the same ID, the one whose path is the ID to the letter, in the
 * commoner form, keeps it, and the others get a short digest; so an ID changes only when something comes that has as good a claim to the very
 * same ID, or a better one.
 *
 * @param prefix a valid artifact ID
 * @param named of different identities
 * @returns IDs in the order of `named`, all different
 */
export function assignIds(prefix: string, named: readonly Named[]): string[] {
  const claims = named.map((one) => claimOf(prefix, one));
  const strongest = new Map<string, number>();
  const rivals = new Map<string, number>();
  for (const { id, weakness } of claims) strongest.set(id, Math.min(weakness, strongest.get(id) ?? weakness));
  for (const { id, weakness } of claims) if (weakness === strongest.get(id)) rivals.set(id, (rivals.get(id) ?? 0) + 1);
  const taken = new Set(strongest.keys());
  return claims.map(({ id, identity, weakness, isVariant }) => {
    const isBest = weakness === strongest.get(id) && rivals.get(id) === 1;
    const isKept = isBest && !isVariant && id.length <= ID_LIMIT;
    return isKept ? id : withDigest(id, identity, taken);
  });
}

interface Claim {
  readonly identity: Identity;
  readonly id: string;
  readonly isVariant: boolean;
  /** 0 for the best claim to the ID. */
  readonly weakness: number;
}

function claimOf(prefix: string, { identity, location, form, isVariant = false }: Named): Claim {
  const fitted = segmentsOf(location).map(fitSegment).join('/');
  const weakness = FORMS.indexOf(form) + (fitted === location && !isVariant ? 0 : FORMS.length);
  return { identity, id: [prefix, fitted].filter(Boolean).join('/'), weakness, isVariant };
}

/** `.aws-sam/build` and `cdk.out` stand for the project above them; what lies outside of the project is called as if it lay in it. */
function segmentsOf(location: string): string[] {
  const segments = location.split('/').filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  const build = segments.findIndex((segment, index) => segment === '.aws-sam' && segments[index + 1] === 'build');
  if (build >= 0) segments.splice(build, 2);
  const assembly = segments.indexOf('cdk.out');
  if (assembly >= 0) segments.splice(assembly, 1);
  return segments;
}

function withDigest(id: string, identity: Identity, taken: ReadonlySet<string>): string {
  const digest = sha256(identity);
  for (let length = SHORT; ; length *= 2) {
    const long = `${id.slice(0, ID_LIMIT - length - 1).replace(/[/]+$/, '')}-${digest.slice(0, length)}`;
    if (!taken.has(long) || length > digest.length) return long;
  }
}

/** An ID's segment of any text: what it can't have becomes `-`, what it can't begin with goes, and of what would be left with nothing, a digest. */
export function fitSegment(text: string): string {
  const fitted = text.replaceAll(/[^A-Za-z0-9._+=-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return fitted === '' && text !== '' ? sha256(text).slice(0, SHORT) : fitted;
}
