import type { MemoryObject } from '../../../repository/stores/memory.ts';
import {
  blobKey,
  bookmarkKey,
  bookmarkPrefix,
  labelKey,
  parseVersionKey,
  promotionsPrefix,
  stackReferenceKey,
  statusKey,
  versionKey,
  versionReferenceKey,
} from '../../../repository/keys.ts';
import { contentId } from '../../../repository/manifest.ts';
import type { ArtifactName } from '../../../repository/name.ts';
import type { Promotion } from '../../../repository/promoting/record.ts';
import { exists, isGone } from '../../../repository/status.ts';
import type { Status } from '../../../repository/status.ts';
import type { Manifest } from '../../../repository/version.ts';
import { BLOB, BOOKMARK, DIGEST, generationOf, LABEL, LIVE, NAME, resourceOf } from './cast.ts';
import type { Judgement, View } from './scenario.ts';

/** What somebody was told is there, and stays until somebody else takes it away. */
export interface Promised {
  /** The actor, and what it says where it promises something. */
  readonly by: string;
  readonly saying: string;
  /** Key of the record; of one that has to be looked for, its prefix, with a slash at its end. */
  readonly reference: string;
  /** What the record says as long as the promise is kept. Absent: that it is there is all. */
  readonly says?: (record: Readonly<Record<string, unknown>>) => boolean;
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

/** Whoever moved the bookmark finds it there, until somebody else moves it. */
export function bookmarkedAs(by: string, version: number, until: readonly string[] = []): Promised {
  const reference = bookmarkKey(NAME, BOOKMARK);
  return { by, saying: `set to ${version}`, reference, says: ({ number }) => number === version, version, until };
}

/** Keys by which it is decided whether all promises are kept. */
export function isJudged(key: string): boolean {
  return /^(blobs|references|versions|statuses|bookmarks|labels|promotions)\//.test(key);
}

/**
 * The invariant: from the moment a reference is acknowledged until it is removed, the content is there, and no version that it uses is given up; a version that is not given up has all of
 * its content, and holds it, and has the labels that it was published with; and no bookmark names a version that is given up.
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
    const made = promotionsIn(view.objects);
    const sound = 2 ** promises.length;
    if (made.length > 0 && (ended & sound) === 0) {
      if (made.some(({ isComplete }) => !isComplete))
        return { ended, wrong: 'a promotion was made of what was given up' };
      ended |= sound;
    }
    const wrong = [...versionsIn(view.objects), ...bookmarksIn(view.objects)].find((one) => one !== undefined);
    return wrong === undefined ? { ended } : { ended, wrong };
  };
}

function look(
  { objects, hasBegun }: View,
  { by, reference, says = () => true, version, until = [] }: Promised,
): { readonly isEnding: boolean; readonly wrong?: string } {
  const isMeant = (key: string): boolean => key === reference || (reference.endsWith('/') && key.startsWith(reference));
  if (![...objects].some(([key, object]) => isMeant(key) && says(valueOf(object)))) {
    return until.some(hasBegun) ? { isEnding: true } : { isEnding: false, wrong: `the reference of ${by} is lost` };
  }
  if (!objects.has(BLOB)) return { isEnding: false, wrong: `the content that ${by} uses is lost` };
  if (version !== undefined && isGone(statusOf(objects, NAME, version))) {
    return { isEnding: false, wrong: `the version that ${by} uses is deleted` };
  }
  return { isEnding: false };
}

/** What is wrong with each version that is not given up. */
function versionsIn(objects: View['objects']): readonly (string | undefined)[] {
  return [...objects].map(([key, object]) => {
    if (!key.startsWith('versions/')) return undefined;
    const { repository, id, number } = parseVersionKey(key);
    const name = { repository, id };
    if (isGone(statusOf(objects, name, number))) return undefined;
    const { nonce, assets, set, labels = [] } = valueOf(object) as unknown as Manifest;
    for (const label of labels) {
      const claim = objects.get(labelKey(name, label));
      if (claim === undefined || valueOf(claim)['content'] !== contentId(assets, set))
        return `${id}:${number} has not the label that it was published with`;
    }
    for (const { digest, filename } of assets) {
      if (!objects.has(blobKey(digest, filename))) return `the content of ${id}:${number} is lost`;
      if (!objects.has(versionReferenceKey(digest, name, number, nonce))) return `${id}:${number} holds nothing`;
    }
    return undefined;
  });
}

/** What is wrong with what each bookmark names: who resolves it must find a version. */
function bookmarksIn(objects: View['objects']): readonly (string | undefined)[] {
  return [...objects].map(([key, object]) => {
    if (!key.startsWith(BOOKMARKS)) return undefined;
    const { number } = valueOf(object);
    if (typeof number !== 'number' || !isGone(statusOf(objects, NAME, number))) return undefined;
    return 'the bookmark names a version that is given up';
  });
}

const BOOKMARKS = bookmarkPrefix(NAME);

/** Promotions that were made, and whether all that they made is there: at the moment at which they are, it must be. What becomes of it later is another story. */
function promotionsIn(objects: View['objects']): readonly { readonly isComplete: boolean }[] {
  return [...objects].flatMap(([key, object]) => {
    if (!key.startsWith(promotionsPrefix(LIVE))) return [];
    const { items } = valueOf(object) as { readonly items?: Promotion['items'] };
    if (items === undefined) return [];
    const isComplete = items.every(({ to: { id, number } }) => {
      const name = { repository: LIVE, id };
      return objects.has(versionKey(name, number)) && exists(statusOf(objects, name, number));
    });
    return [{ isComplete }];
  });
}

/** Whoever promoted one version finds what it was promoted from kept, until somebody gives up what it became. */
export function promotedAs(by: string, until: readonly string[] = []): readonly Promised[] {
  const reference = `references/${DIGEST}/named/promotion/`;
  return ['promoted, added', 'promoted, exists'].map((saying) => ({ by, saying, reference, version: 1, until }));
}

/** Whoever chose a candidate finds that it has the label, for ever. */
export function finishedAs(by: string, number: number): Promised {
  const reference = labelKey(NAME, LABEL);
  return { by, saying: `finished ${number}`, reference, says: (record) => record['number'] === number };
}

function statusOf(objects: View['objects'], name: ArtifactName, version: number): Status {
  const object = objects.get(statusKey(name, version));
  return object === undefined ? 'Published' : (valueOf(object)['status'] as Status);
}

function valueOf({ bytes }: MemoryObject): Readonly<Record<string, unknown>> {
  return JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, unknown>>;
}
