import { bringBlob, headBlob, locateBlob } from './blob.ts';
import type { Arrival, BlobName, SizedBlob, Whereabouts } from './blob.ts';
import type { Domain } from './domain.ts';
import { assetName } from './manifest.ts';
import type { Asset, Manifest } from './manifest.ts';
import type { ArtifactName } from './name.ts';
import type { ObjectAttributes } from './object-store.ts';
import { securePresence } from './presence.ts';
import type { OpenContent, Publishable } from './publishable.ts';
import type { KnownSource, SourceMemory } from './source-memory.ts';
import { readSource, rememberSource } from './source.ts';

/** One asset of what is to be published. */
export interface AssetToPublish {
  /** Absent: as its file is called. */
  readonly name?: string;
  readonly publishable: Publishable;
  readonly role?: Asset['role'];
}

type Known = KnownSource | NonNullable<ReturnType<SourceMemory['recall']>>;

function isRecord(known: Known | undefined): known is KnownSource {
  return known !== undefined && 'revision' in known;
}

/** One asset on its way: what it is, whether it is there, and how it gets there. */
export class Part {
  readonly name: string;
  readonly publishable: Publishable;
  readonly #domain: Domain;
  readonly #artifact: ArtifactName;
  readonly #asset: AssetToPublish;
  readonly #attributes: ObjectAttributes | undefined;
  readonly #place: Pick<BlobName, 'bucket'>;
  readonly #content: ReturnType<typeof openOnce>;
  /** What is known of its source, from the record or from an earlier run. */
  #known: Known | undefined;
  #blob: SizedBlob | undefined;
  #found: Whereabouts | undefined;
  /** As far as is known. */
  isThere = false;
  outcome: Arrival = 'reused';

  /** @param bucket in which the repository has its content; absent: the domain's */
  constructor(
    domain: Domain,
    artifact: ArtifactName,
    asset: AssetToPublish,
    { attributes, bucket }: { readonly attributes?: ObjectAttributes; readonly bucket?: string } = {},
  ) {
    this.#place = bucket === undefined ? {} : { bucket };
    this.#domain = domain;
    this.#artifact = artifact;
    this.#asset = asset;
    this.#attributes = attributes;
    this.publishable = asset.publishable;
    this.name = asset.name ?? assetName(asset.publishable.filename);
    this.#content = openOnce(asset.publishable);
  }

  /** To be asked after `identify`. */
  get blob(): SizedBlob {
    if (this.#blob === undefined) throw new TypeError('an asset is identified first');
    const { digest, filename, size } = this.#blob;
    return { digest, filename, size, ...this.#place };
  }

  get asset(): Asset {
    const { role } = this.#asset;
    return { name: this.name, ...this.blob, ...(role !== undefined && { role }) };
  }

  /** Where its source was published under this very ID first, that version is the likely one. */
  get likely(): KnownSource['first'] | undefined {
    return this.#known?.first.id === this.#artifact.id ? this.#known.first : undefined;
  }

  /** Made just now of a source of which nobody knew what it becomes. */
  get isFresh(): boolean {
    const { sourceDigest, blob } = this.publishable;
    return this.#known === undefined && sourceDigest !== undefined && blob === undefined;
  }

  /** What it is, as far as that is known without opening it. @returns whether it is, or opening costs nothing */
  async recall(): Promise<boolean> {
    const { sourceDigest, blob } = this.publishable;
    if (blob === undefined && sourceDigest !== undefined) {
      this.#known =
        this.#domain.sources?.recall(this.#artifact, sourceDigest) ??
        (await readSource(this.#domain, this.#artifact.repository, sourceDigest));
    }
    this.#blob = blob ?? this.#known;
    return this.#blob !== undefined || sourceDigest === undefined;
  }

  async identify(): Promise<void> {
    this.#blob ??= await this.#open();
  }

  /** @returns whether it is another content than it was taken for: its bytes had to be made anyway, and are right */
  async look(): Promise<boolean> {
    this.isThere = (await headBlob(this.#domain.store, this.blob)) !== undefined;
    if (this.#known === undefined || this.isThere) return false;
    const before = this.blob.digest;
    this.#blob = await this.#open();
    if (this.#blob.digest === before) return false;
    this.isThere = (await headBlob(this.#domain.store, this.blob)) !== undefined;
    return true;
  }

  /** As `look`, of what is fresh: mostly it is not there, and it is to be known whether it can be copied. */
  async search(): Promise<void> {
    const { store } = this.#domain;
    this.#found = await locateBlob(store, this.blob);
    if (this.#found.isThere) this.isThere = (await headBlob(store, this.blob)) !== undefined;
  }

  /** Takes it as a version has it, under whatever name. */
  adopt({ assets }: Pick<Manifest, 'assets'>): void {
    const same = assets.find(({ name, digest }) => name === this.name && digest === this.blob.digest);
    if (same === undefined) return;
    this.#blob = { ...this.blob, filename: same.filename };
    this.isThere = true;
  }

  async #open(): Promise<SizedBlob> {
    const { sha256, size } = await this.#content.open();
    return { digest: sha256, filename: this.publishable.filename, size };
  }

  /** Sees to it that the content is there, for a reference that is written. */
  async secure(): Promise<void> {
    const { store } = this.#domain;
    const from = this.publishable.blob;
    const bring = (found?: Whereabouts): Promise<Arrival> =>
      bringBlob(store, this.blob, this.#content.open, this.#attributes, from, found);
    // It is the look behind it that counts: a collector may decide while the bytes are on their way.
    const brought = this.isThere ? 'reused' : await bring(this.#found);
    const again = await securePresence(this.#domain, this.blob, () => bring());
    this.isThere = true;
    for (const arrival of [brought, again]) if (arrival !== 'reused') this.outcome = arrival;
  }

  /** What was published from the source, for the next time. */
  async remember(manifest: Manifest): Promise<void> {
    const { sourceDigest } = this.publishable;
    if (sourceDigest === undefined) return;
    const { digest, filename, size } = this.blob;
    const { id, number, nonce } = manifest;
    const isSame = this.#known?.digest === digest;
    const isFirst = this.#known?.first.number === number && this.#known.first.nonce === nonce;
    if (isSame && isFirst && !isRecord(this.#known)) return;
    this.#domain.sources?.remember(this.#artifact, sourceDigest, {
      digest,
      filename,
      size,
      first: { id, number, nonce },
    });
    if (isSame && isRecord(this.#known)) return;
    // What an earlier run knew was not so, or nothing was known: the record was not looked at, or was not there.
    const record =
      this.#known === undefined || isRecord(this.#known)
        ? this.#known
        : await readSource(this.#domain, this.#artifact.repository, sourceDigest);
    if (record?.digest === digest) return;
    await rememberSource(this.#domain, this.#artifact, sourceDigest, this.blob, manifest, record);
  }

  close(): Promise<void> {
    return this.#content.close();
  }
}

/** Opens at most once, however often the protocol asks, and closes what was opened. */
function openOnce(publishable: Publishable): {
  readonly open: () => Promise<OpenContent>;
  readonly close: () => Promise<void>;
} {
  let opened: Promise<OpenContent> | undefined;
  return {
    open: () => (opened ??= publishable.open()),
    close: async () => {
      // A content that failed to open has nothing to give back, and its failure was told where it was asked for.
      await opened?.then(
        (content) => content.close(),
        () => undefined,
      );
    },
  };
}
