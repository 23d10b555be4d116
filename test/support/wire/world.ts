import { contentOf, ownKeeper, sha256 } from '../../../repository/index.ts';
import type {
  ArtifactName,
  Chance,
  DefiniteArn,
  Digest,
  Domain,
  Manifest,
  ObjectStore,
} from '../../../repository/index.ts';
import type { StackResource } from '../../../repository/stack-id.ts';
import type { Wanted } from '../../../repository/bind.ts';
import type { Release } from '../../../repository/release.ts';
import type { Tally } from './tally.ts';

const PLACE = { partition: 'aws', account: '111122223333', region: 'us-east-1' } as const;

/** S3 as several processes reach it. */
export interface Stage {
  /** A bucket with versions. What goes wrong on the way to it is decided by its name. */
  bucket(name: string): Promise<void>;
  /** A store of that bucket, as a process of its own has it. */
  connect(bucket: string): ObjectStore;
  /** While it is quiet, nothing goes wrong with a bucket. */
  quiet(bucket: string, isQuiet: boolean): void;
  /** Whatever is late arrives. */
  settle(): Promise<void>;
  /** How many requests came over the line. */
  readonly requests: () => number;
  /** How often each mishap befell one of them. */
  readonly mishaps: () => ReadonlyMap<string, number>;
  /** More than one where the store can copy on a condition. */
  readonly filenames: readonly string[];
  close(): Promise<void>;
}

/** What somebody was told is published. */
export interface Published {
  readonly name: ArtifactName;
  readonly arn: DefiniteArn;
  readonly wanted: Wanted;
}

/** What a stack was told it may use, until it says that it no longer does. */
export interface Bound {
  readonly resource: StackResource;
  readonly generation: string;
  readonly wanted: Wanted;
  /** An operation of CloudFormation's is at it: it sends one at a time. */
  isBusy: boolean;
}

export const TEXTS = ['x', 'y'] as const;
export const NAMES: readonly ArtifactName[] = [
  { repository: 'default', id: 'shop/api' },
  { repository: 'default', id: 'shop' },
];

/** One domain, and what those who work in it were told. */
export class World {
  readonly bucket: string;
  readonly tally: Tally;
  readonly published: Published[] = [];
  readonly bound: Set<Bound> = new Set();
  /** Of operations that failed, or whose answer nobody heard: CloudFormation deletes what they may have made. */
  readonly toRelease: Release[] = [];
  /** Versions that somebody has begun to delete, as `repository/id:number`. */
  readonly givenUp: Set<string> = new Set();
  /** By the keys of their versions: what is published is never changed. */
  readonly manifests: Map<string, Manifest> = new Map();
  /** Of all content that anybody ever comes with. */
  readonly digests: Set<Digest> = new Set(DIGESTS);
  /** What was published at least once. */
  readonly stored: Set<Digest> = new Set();
  readonly violations: Set<string> = new Set();
  #issued = 0;
  #names = 0;

  constructor(bucket: string, tally: Tally) {
    this.bucket = bucket;
    this.tally = tally;
  }

  /** As a process sees it that has this store. */
  domain(store: ObjectStore, who: string): Domain {
    return { ...PLACE, bucket: this.bucket, store, keeper: ownKeeper(store), chance: chanceOf(who) };
  }

  /** CloudFormation issues one event after the other. */
  issue(): { readonly requestId: string; readonly issued: string } {
    const second = ++this.#issued;
    return { requestId: `R${second}`, issued: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() };
  }

  newResource(): StackResource {
    const { account, region } = PLACE;
    const uuid = '6c5c5d50-0000-0000-0000-000000000000';
    return { account, region, stack: 'shop', uuid, logicalId: `Artifact${++this.#names}` };
  }
}

/** Real time, a tenth as long; names that nobody else makes. */
function chanceOf(who: string): Chance {
  let nonces = 0;
  return {
    now: () => new Date(),
    nonce: () => `${who}n${++nonces}`,
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds / 10)),
  };
}

export const DIGESTS: readonly Digest[] = TEXTS.map((text) => sha256(text));

export function sizeOf(text: string): number {
  return contentOf(text).size;
}

export function versionText({ repository, id }: ArtifactName, number: number): string {
  return `${repository}/${id}:${number}`;
}
