import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { CacheFiles } from '../archive/cache-files.ts';

/** Whose credentials these are. */
export interface Identity {
  /** Twelve digits. */
  readonly account: string;
  readonly arn: string;
  readonly partition: string;
}

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const KIND = 'identities';
/** Raised when what is written has another meaning. */
const VERSION = 1;
/** An access key stays its account's, but a user may be renamed. */
const KEPT_MS = 24 * 60 * 60_000;

/**
 * What AWS STS said of access keys, in files of the cache, for a day; the files lie there longer. Each is sealed with the secret key: who could write the file without having that can't
 * make a run take another account for its own, and send there what it uploads.
 */
export class IdentityMemory {
  readonly #files: CacheFiles;
  readonly #endpoint: string;
  readonly #now: () => number;

  /** @param endpoint who was asked: another one may know the key as somebody else's */
  constructor(files: CacheFiles, endpoint: string, now: () => number = Date.now) {
    this.#files = files;
    this.#endpoint = endpoint;
    this.#now = now;
  }

  recall(key: Key): Identity | undefined {
    const file = this.#fileOf(key);
    const [text = '', seal = ''] = (this.#files.read(KIND, file)?.toString() ?? '').split('\n');
    if (!isSame(seal, sealOf(key, file, text))) return undefined;
    const { at, ...identity } = JSON.parse(text) as Identity & { readonly at: number };
    // A clock that was set back makes it no younger.
    return Math.abs(this.#now() - at) < KEPT_MS ? identity : undefined;
  }

  remember(key: Key, { account, arn, partition }: Identity): void {
    if (!/^\d{12}$/.test(account)) return;
    const file = this.#fileOf(key);
    const text = JSON.stringify({ account, arn, partition, at: this.#now() });
    this.#files.write(KIND, file, [Buffer.from(`${text}\n${sealOf(key, file, text)}`)]);
  }

  #fileOf({ accessKeyId }: Key): string {
    return createHash('sha256')
      .update(JSON.stringify([VERSION, this.#endpoint, accessKeyId]))
      .digest('hex');
  }
}

function sealOf({ secretAccessKey }: Key, file: string, text: string): string {
  return createHmac('sha256', secretAccessKey).update(`cfn-artifacts identity\n${file}\n${text}`).digest('hex');
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}
