import type { MemoryObject } from '../../../repository/stores/memory.ts';
import {
  parseVersionKey,
  statusKey,
  stackReferenceKey,
  versionReferenceKey,
  blobKey,
} from '../../../repository/keys.ts';
import type { ArtifactName } from '../../../repository/name.ts';
import type { Manifest } from '../../../repository/version.ts';
import { BLOB, DIGEST, generationOf, NAME, resourceOf } from './cast.ts';
import type { Judgement, View } from './scenario.ts';

/** What somebody was told is there, and stays until somebody else takes it away. */
export interface Promised {
  /** The actor, and what it says where it promises something. */
  readonly by: string;
  readonly saying: string;
  /** Key of the record; of one that has to be looked for, its prefix. */
  readonly reference: string;
  /** Where it uses a version. */
  readonly version?: number;
  /** Actors who may take it away. */
  readonly until?: readonly string[];
}

export function boundAs(by: string, logicalId: string, more: Pick<Promised, 'version' | 'until'> = {}): Promised {
  const generation = generationOf(logicalId);
  const reference = stackReferenceKey(DIGEST, resourceOf(logicalId), generation);
  return { by, saying: `bound ${generation}`, reference, ...more };
}

/** Keys by which it is decided whether all promises are kept. */
export function isJudged(key: string): boolean {
  return /^(blobs|references|versions|statuses)\//.test(key);
}

/**
 * The invariant: from the moment a reference is acknowledged until it is removed, the content is there, and no version that it uses is Deleted; and a
 * version that may be used has its content, and holds it.
 */
export function judging(promises: readonly Promised[]): (view: View) => Judgement {
  return (view) => {
    let { ended } = view;
    for (const [number, promised] of promises.entries()) {
      const bit = 2 ** number;
      if ((ended & bit) !== 0 || view.outcome(promised.by) !== promised.saying) continue;
      const { isEnding, wrong } = look(view, promised);
      if (wrong !== undefined) return { ended, wrong };
      if (isEnding) ended |= bit;
    }
    const wrong = versionsIn(view.objects).find((one) => one !== undefined);
    return wrong === undefined ? { ended } : { ended, wrong };
  };
}

function look(
  { objects, hasBegun }: View,
  { by, reference, version, until = [] }: Promised,
): { readonly isEnding: boolean; readonly wrong?: string } {
  if (![...objects.keys()].some((key) => key.startsWith(reference))) {
    return until.some(hasBegun) ? { isEnding: true } : { isEnding: false, wrong: `the reference of ${by} is lost` };
  }
  if (!objects.has(BLOB)) return { isEnding: false, wrong: `the content that ${by} uses is lost` };
  if (version !== undefined && statusOf(objects, NAME, version) === 'Deleted') {
    return { isEnding: false, wrong: `the version that ${by} uses is deleted` };
  }
  return { isEnding: false };
}

/** What is wrong with each version that may be used. */
function versionsIn(objects: View['objects']): readonly (string | undefined)[] {
  return [...objects].map(([key, object]) => {
    if (!key.startsWith('versions/')) return undefined;
    const { repository, id, number } = parseVersionKey(key);
    const name = { repository, id };
    if (statusOf(objects, name, number) !== 'Published') return undefined;
    const { nonce, assets } = valueOf(object) as unknown as Manifest;
    for (const { digest, filename } of assets) {
      if (!objects.has(blobKey(digest, filename))) return `the content of ${id}:${number} is lost`;
      if (!objects.has(versionReferenceKey(digest, name, number, nonce))) return `${id}:${number} holds nothing`;
    }
    return undefined;
  });
}

function statusOf(objects: View['objects'], name: ArtifactName, version: number): unknown {
  const object = objects.get(statusKey(name, version));
  return object === undefined ? 'Published' : valueOf(object)['status'];
}

function valueOf({ bytes }: MemoryObject): Readonly<Record<string, unknown>> {
  return JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, unknown>>;
}
