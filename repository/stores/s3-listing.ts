import type { _Object, DeleteMarkerEntry, ObjectVersion } from '@aws-sdk/client-s3';
import { ArtifactError } from '../error.ts';
import type { Incarnation, ListedObject, ListOptions, ObjectKey } from '../object-store.ts';
import type { S3Connection } from './s3-connection.ts';

/** S3 lists no more at once. */
const MAXIMUM_PAGE = 1000;

/** A key that is removed by incarnation has few versions as a rule, and others that begin with it may follow. */
const VERSIONS_PAGE = 100;

/** What a bucket has: its keys, and all that was ever written under one of them. */
export class S3Listing {
  readonly #s3: S3Connection;

  constructor(s3: S3Connection) {
    this.#s3 = s3;
  }

  async *keys(prefix: string, { after, limit = Infinity }: ListOptions = {}): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    for (let left = limit; left > 0;) {
      const page = await this.#page(prefix, after, Math.min(left, MAXIMUM_PAGE), token);
      for (const object of page.objects) {
        yield object;
        left -= 1;
      }
      token = page.next;
      if (token === undefined) return;
    }
  }

  /**
   * What to remove, in this order, so that `incarnation` is gone and nothing older is shown in its place. Nothing if it is gone already;
   * itself alone if something newer hides what is beneath.
   */
  async versionsFrom(key: ObjectKey, incarnation: Incarnation): Promise<string[]> {
    const beneath: string[] = [];
    for await (const { versions, markers } of this.history(key)) {
      for (const { VersionId = '', IsLatest } of versions) {
        if (VersionId === incarnation && IsLatest !== true) return [VersionId];
        if (VersionId === incarnation || beneath.length > 0) beneath.unshift(VersionId);
      }
      if (beneath.length > 0 && markers.length > 0) return await this.#versionsToMarker(key, incarnation);
    }
    return beneath;
  }

  /**
   * `incarnation` and what lies beneath it down to the next delete marker, oldest first. One by one, because the answer to a listing keeps versions and
   * markers apart, and their times, in seconds and of an upload in parts that of its beginning, don't tell their order.
   */
  async #versionsToMarker(key: ObjectKey, incarnation: Incarnation): Promise<string[]> {
    const found: string[] = [incarnation];
    let from: VersionMark | undefined = { KeyMarker: key, VersionIdMarker: incarnation };
    while (from !== undefined) {
      const page: HistoryPage = await this.historyPage(key, from, 1);
      if (page.markers.length > 0) break;
      found.unshift(...page.versions.map(({ VersionId = '' }) => VersionId));
      from = page.next;
    }
    return found;
  }

  /** All objects that a key has ever had and that are still kept, newest first, and the delete markers. */
  async *history(key: ObjectKey): AsyncGenerator<HistoryPage> {
    for (let from: VersionMark | undefined = {}; from !== undefined;) {
      const page: HistoryPage = await this.historyPage(key, from, VERSIONS_PAGE);
      yield page;
      from = page.next;
    }
  }

  async historyPage(key: ObjectKey, from: VersionMark, limit: number): Promise<HistoryPage> {
    const call = { operation: 'ListObjectVersions', key, actions: ['s3:ListBucketVersions'] } as const;
    const input = { ...this.#s3.target, Prefix: key, EncodingType: 'url', MaxKeys: limit, ...from } as const;
    const page = await this.#s3.answer(call, input);
    const isOurs = ({ Key }: { readonly Key?: string | undefined }): boolean => decoded(Key, page) === key;
    const truncated = page.IsTruncated === true;
    if (truncated && page.NextKeyMarker === undefined) throw this.#cutOff();
    // Keys that begin with this one follow.
    const goesOn = truncated && decoded(page.NextKeyMarker, page) === key;
    return {
      versions: (page.Versions ?? []).filter(isOurs),
      markers: (page.DeleteMarkers ?? []).filter(isOurs),
      next: goesOn ? { KeyMarker: key, VersionIdMarker: page.NextVersionIdMarker } : undefined,
    };
  }

  async #page(
    prefix: string,
    after: string | undefined,
    limit: number,
    token: string | undefined,
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly next: string | undefined }> {
    const input = {
      ...this.#s3.target,
      Prefix: prefix,
      MaxKeys: limit,
      // XML has no control characters.
      EncodingType: 'url',
      ...(token !== undefined ? { ContinuationToken: token } : after !== undefined && { StartAfter: after }),
    } as const;
    const page = await this.#s3.answer({ operation: 'ListObjectsV2', actions: ['s3:ListBucket'] }, input);
    if (page.IsTruncated === true && page.NextContinuationToken === undefined) throw this.#cutOff();
    return {
      objects: (page.Contents ?? []).map((object) => listedObject(object, page)),
      next: page.IsTruncated === true ? page.NextContinuationToken : undefined,
    };
  }

  /** An incomplete listing that passed for a complete one would make what is there look absent. */
  #cutOff(): ArtifactError {
    return new ArtifactError(
      'STORE_UNAVAILABLE',
      `a listing of '${this.#s3.bucket}' breaks off, and nothing says where to go on`,
      {
        remedy: 'Run it again. If it stays so, this store is not compatible with Amazon S3.',
      },
    );
  }
}

interface VersionMark {
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string | undefined;
}

/** Of one key, versions and markers each newest first. `next`: where to go on. */
export interface HistoryPage {
  readonly versions: readonly ObjectVersion[];
  readonly markers: readonly DeleteMarkerEntry[];
  readonly next: VersionMark | undefined;
}

function listedObject({ Key, Size = 0, LastModified = new Date(0) }: _Object, page: Encoded): ListedObject {
  return { key: decoded(Key, page) as ObjectKey, size: Size, modified: LastModified };
}

/** An answer says whether it encodes; `url` does it as forms do. */
interface Encoded {
  readonly EncodingType?: 'url' | undefined;
}

function decoded(text = '', { EncodingType }: Encoded): string {
  return EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
}
