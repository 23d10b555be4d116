import type { Json, JsonMap } from './json.ts';
import { textOf } from './json.ts';

/** A lifecycle rule, as far as it does something to what is stored. */
export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  /** Empty: all keys. */
  readonly prefix: string;
  /** By tags or sizes: whatever has them, anywhere below the prefix. */
  readonly narrowed: boolean;
  readonly effects: readonly LifecycleEffect[];
}

export type LifecycleEffect =
  | { readonly does: 'expire current' | 'expire noncurrent'; readonly when: string }
  | { readonly does: 'move current' | 'move noncurrent'; readonly when: string; readonly to: string }
  /** Unfinished uploads, delete markers with nothing beneath: no content. */
  | { readonly does: 'tidy'; readonly what: 'uploads' | 'markers' };

/** Where what a rule may do is limited. Keys of which nothing is said here are anybody's. */
interface Area {
  /** A folder, or one key. */
  readonly at: string;
  /** `content`: neither what is current nor what was superseded may go. `records`: what is current may not. */
  readonly holds: 'content' | 'records';
}

const AREAS: readonly Area[] = [
  { at: 'blobs/', holds: 'content' },
  { at: 'versions/', holds: 'content' },
  { at: 'labels/', holds: 'content' },
  { at: 'domain', holds: 'content' },
  { at: 'references/', holds: 'records' },
  { at: 'consumers/', holds: 'records' },
  { at: 'statuses/', holds: 'records' },
  { at: 'bookmarks/', holds: 'records' },
  { at: 'repositories/', holds: 'records' },
  { at: 'deletions/', holds: 'records' },
];

/** Classes whose objects have to be restored before anybody can read them. */
const FROZEN = ['GLACIER', 'DEEP_ARCHIVE'];
/** Classes that keep content in one place alone. */
const FRAGILE = ['ONEZONE_IA', 'EXPRESS_ONEZONE'];

/** What one rule does that no rule of a domain may. */
export interface Harm {
  readonly rule: LifecycleRule;
  readonly kind: 'eats' | 'freezes' | 'risks';
  /** `expires current versions after 30 days` */
  readonly does: readonly string[];
  /** Folders and keys, in the order of the layout. */
  readonly where: readonly string[];
}

/**
 * What enabled rules do to the folders and keys of a domain; a rule may do harm in several kinds. In the order of the rules, the worst kind first.
 */
export function harmsOf(rules: readonly LifecycleRule[]): readonly Harm[] {
  return rules
    .filter(({ enabled }) => enabled)
    .flatMap((rule) => (['eats', 'freezes', 'risks'] as const).flatMap((kind) => harmOf(rule, kind)));
}

function harmOf(rule: LifecycleRule, kind: Harm['kind']): readonly Harm[] {
  const does = new Set<string>();
  const where = AREAS.filter(({ at, holds }) => {
    if (!overlaps(rule.prefix, at)) return false;
    const harmful = rule.effects.filter((effect) => kindOf(effect, holds) === kind);
    for (const effect of harmful) does.add(describe(effect));
    return harmful.length > 0;
  });
  return where.length === 0 ? [] : [{ rule, kind, does: [...does], where: where.map(({ at }) => at) }];
}

function overlaps(prefix: string, at: string): boolean {
  if (at.startsWith(prefix)) return true;
  return at.endsWith('/') && prefix.startsWith(at);
}

function kindOf(effect: LifecycleEffect, holds: Area['holds']): Harm['kind'] | undefined {
  switch (effect.does) {
    case 'expire current':
      return 'eats';
    case 'expire noncurrent':
      return holds === 'content' ? 'eats' : undefined;
    case 'move noncurrent':
      // Superseded content is read by the incarnation that functions run from.
      if (holds === 'records') return undefined;
      return movesTo(effect.to);
    case 'move current':
      return movesTo(effect.to);
    case 'tidy':
      return undefined;
  }
}

function movesTo(storageClass: string): Harm['kind'] | undefined {
  if (FROZEN.includes(storageClass)) return 'freezes';
  return FRAGILE.includes(storageClass) ? 'risks' : undefined;
}

function describe(effect: LifecycleEffect): string {
  switch (effect.does) {
    case 'expire current':
      return `lets current versions expire ${effect.when}`;
    case 'expire noncurrent':
      return `lets noncurrent versions expire ${effect.when}`;
    case 'move current':
      return `moves current versions to ${effect.to} ${effect.when}`;
    case 'move noncurrent':
      return `moves noncurrent versions to ${effect.to} ${effect.when}`;
    case 'tidy':
      return `tidies ${effect.what}`;
  }
}

/** The rules of the domain's own that are not there, or do something else: by their IDs. Days are the parameters' business. */
export function lackingRules(expected: readonly JsonMap[], deployed: readonly LifecycleRule[]): readonly string[] {
  return expected.map(ruleOf).flatMap((wanted) => {
    const has = deployed.some((rule) => rule.enabled && !rule.narrowed && isAs(rule, wanted));
    return has ? [] : [wanted.id];
  });
}

function isAs(rule: LifecycleRule, wanted: LifecycleRule): boolean {
  const done = new Set(rule.effects.map(kindOfEffect));
  return rule.prefix === wanted.prefix && wanted.effects.every((effect) => done.has(kindOfEffect(effect)));
}

function kindOfEffect(effect: LifecycleEffect): string {
  return effect.does === 'tidy' ? `tidy ${effect.what}` : effect.does;
}

/** A rule as CloudFormation spells it, as far as the domain's template makes use of that. */
export function ruleOf(rule: JsonMap): LifecycleRule {
  const {
    Id: id,
    Status: status,
    Prefix: prefix,
    ExpirationInDays: days,
    NoncurrentVersionExpiration: noncurrent,
  } = rule;
  const effects: LifecycleEffect[] = [];
  if (days !== undefined) effects.push({ does: 'expire current', when: after(Number(days)) });
  if (noncurrent !== undefined) {
    effects.push({
      does: 'expire noncurrent',
      when: after(Number((noncurrent as Readonly<Record<string, Json>>)['NoncurrentDays'])),
    });
  }
  if (rule['ExpiredObjectDeleteMarker'] === true) effects.push({ does: 'tidy', what: 'markers' });
  if (rule['AbortIncompleteMultipartUpload'] !== undefined) effects.push({ does: 'tidy', what: 'uploads' });
  const text = typeof prefix === 'string' ? prefix : '';
  return { id: textOf(id), enabled: status === 'Enabled', prefix: text, narrowed: false, effects };
}

/** When something happens, for people: `after 1 day`. */
export function after(days: number): string {
  return `after ${days} ${days === 1 ? 'day' : 'days'}`;
}
