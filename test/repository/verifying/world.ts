import { S3Client } from '@aws-sdk/client-s3';
import { afterEach } from '@jest/globals';
import { bind } from '../../../repository/bind.ts';
import type { StackName } from '../../../repository/stack-id.ts';
import { condemn } from '../../../repository/deleting/condemn.ts';
import { reap } from '../../../repository/deleting/reap.ts';
import { deleteVersion } from '../../../repository/deleting/version-deletion.ts';
import { contentOf, formatArn, LOCAL_PLACE, publishVersion, resolve, sha256 } from '../../../repository/index.ts';
import type { Chance, Domain, ObjectKey, ObjectStore, Publication, VerifyFinding } from '../../../repository/index.ts';
import { createRepository, establishDomain, ownKeeper } from '../../../repository/index.ts';
import { bookmarkKey, labelKey, statusKey } from '../../../repository/keys.ts';
import { addNamedReference } from '../../../repository/named.ts';
import { recordContent } from '../../../repository/record.ts';
import { release } from '../../../repository/release.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { memoryStore } from '../../../repository/stores/memory.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { verify } from '../../../repository/verifying/verify.ts';
import type { VerifyOptions } from '../../../repository/verifying/verify.ts';
import { withdrawNumber } from '../../../repository/version.ts';
import { publishable } from '../../support/domain.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { temporaryFolder } from '../../support/temporary.ts';

export const STORES = ['memory', 'a directory', 'S3', 'S3, in parts'] as const;
export type StoreName = (typeof STORES)[number];

const DAY_MS = 24 * 60 * 60 * 1000;
const BUCKET = 'artifacts-of-tests';

/** The stack whose resources use something. */
export const STACK: StackName = {
  account: LOCAL_PLACE.account,
  region: LOCAL_PLACE.region,
  stack: 'shop',
  uuid: 'u-1',
};
export const STACK_ID: string = `arn:aws:cloudformation:local:${LOCAL_PLACE.account}:stack/shop/u-1`;

export const API = { repository: 'default', id: 'shop/api' };
export const WEB = { repository: 'default', id: 'shop/web' };
export const OLD = { repository: 'default', id: 'shop/old' };
export const TOOLS = { repository: 'tools', id: 'lint' };

export const LABEL: ObjectKey = labelKey(API, '1.4.0');
export const BOOKMARK: ObjectKey = bookmarkKey(API, 'prod');

/** A store in which everything that a domain can have stands as the real code leaves it. */
export class World {
  readonly kind: StoreName;
  readonly domain: Domain;
  readonly store: ObjectStore;
  readonly close: () => Promise<void>;
  readonly published: Map<string, Publication> = new Map();

  static async open(kind: StoreName): Promise<World> {
    const world = await World.empty(kind);
    await world.fill();
    return world;
  }

  static async empty(kind: StoreName): Promise<World> {
    const { store, close } = await openStore(kind);
    const parts = { store, keeper: ownKeeper(store), chance: presentChance() };
    // Where only bytes tell what an object is, is told apart by the place.
    const place = kind.startsWith('S3') ? { ...LOCAL_PLACE, region: 'eu-west-1' } : LOCAL_PLACE;
    const domain = await establishDomain(parts, { ...place, bucket: BUCKET });
    await createRepository(domain, TOOLS.repository, { lifecycle: [] });
    return new World(kind, domain, close);
  }

  private constructor(kind: StoreName, domain: Domain, close: () => Promise<void>) {
    this.kind = kind;
    this.domain = domain;
    this.store = domain.store;
    this.close = close;
  }

  private async fill(): Promise<void> {
    const { domain, store } = this;
    for (const text of ['api one', 'api two', 'api three']) await this.publish(API, text);
    // The same content under another ID, and under another filename.
    await this.publish(WEB, 'api one');
    await this.publish(WEB, 'page', 'file');
    await this.publish(TOOLS, 'page', 'file', 'page.env');
    await this.bindTo('Ref', 'default/shop/api:2');
    await this.bindTo('Pinned', 'default/shop/web:2', true);
    await this.releaseOf('Pinned');
    const { arn } = await resolve(domain, 'default/shop/web:2');
    if (arn.version === undefined) throw new TypeError('a version has a number');
    await addNamedReference(domain, arn, 'team/job');
    await store.create(LABEL, recordContent({ number: 1 }));
    await store.create(BOOKMARK, recordContent({ number: 3, history: [] }));
    await store.create(statusKey(WEB, 1), recordContent({ status: 'Unlisted' }));
    await withdrawNumber(domain, WEB, 3);
    await this.publish(OLD, 'old one');
    await this.publish(OLD, 'old two');
    for (const number of [1, 2]) await deleteVersion(domain, OLD, number);
    await condemn(domain, sha256('old one'));
    await condemn(domain, sha256('old two'));
    await reap(domain, sha256('old two'));
  }

  async publish(
    name: { readonly repository: string; readonly id: string },
    text: string,
    kind: 'file' | 'archive' = 'archive',
    filename?: string,
  ): Promise<Publication> {
    const publication = await publishVersion(this.domain, name, publishable(text, kind, filename));
    this.published.set(`${name.id}:${publication.arn.version}`, publication);
    return publication;
  }

  async bindTo(logicalId: string, artifact: string, pinned = false): Promise<void> {
    const { arn, key, filename, size, digest } = await resolve(this.domain, artifact);
    const issued = '2026-01-01T00:00:00.000Z';
    const operation = { resource: { ...STACK, logicalId }, stackId: STACK_ID, requestId: `R-${logicalId}`, issued };
    await bind(this.domain, { ...operation, replaces: false, pinned }, [
      { arn: formatArn(arn), key, filename, size, digest },
    ]);
  }

  async releaseOf(logicalId: string): Promise<void> {
    const issued = '2026-01-02T00:00:00.000Z';
    const generation = `R-${logicalId}`;
    await release(this.store, { resource: { ...STACK, logicalId }, requestId: `D-${logicalId}`, issued, generation });
  }

  /** All of a verification, when it is half a day later: nothing is too young to be told. */
  async verify(options: Partial<VerifyOptions> = {}, days = 0.5): Promise<VerifyFinding[]> {
    const found: VerifyFinding[] = [];
    for await (const { finding } of verify(this.later(days), { fix: false, deep: false, ...options })) {
      if (finding !== undefined) found.push(finding);
    }
    return found;
  }

  later(days = 0.5, domain: Domain = this.domain): Domain {
    const now = (): Date => new Date(Date.now() + days * DAY_MS);
    return { ...domain, chance: { ...domain.chance, now } };
  }

  keyOf(version: string): ObjectKey {
    const publication = this.published.get(version);
    if (publication === undefined) throw new Error(`no '${version}' was published`);
    return publication.key;
  }

  /** Without a trace. */
  async lose(...keys: readonly string[]): Promise<void> {
    for (const key of keys as readonly ObjectKey[]) {
      const incarnations = await this.store.incarnations(key);
      if (incarnations.length === 0) throw new Error(`there is no '${key}' to lose`);
      for (const incarnation of incarnations) await this.store.removeIncarnation(key, incarnation);
    }
  }

  /** As one deletes a file: on S3 a delete marker hides it. */
  async remove(key: ObjectKey): Promise<void> {
    const head = await this.store.head(key);
    if (head === undefined) throw new Error(`there is no '${key}' to remove`);
    await this.store.removeRevision(key, head.revision);
  }

  async overwrite(key: ObjectKey, text: string): Promise<void> {
    await this.store.overwrite(key, contentOf(text));
  }

  async keys(prefix = ''): Promise<ObjectKey[]> {
    const keys: ObjectKey[] = [];
    for await (const { key } of this.store.list(prefix)) keys.push(key);
    return keys;
  }

  async only(prefix: string): Promise<ObjectKey> {
    const [key, ...more] = await this.keys(prefix);
    if (key === undefined || more.length > 0) throw new Error(`not exactly one object is below '${prefix}'`);
    return key;
  }

  /** Every object with its revision. */
  async state(): Promise<Map<string, string | undefined>> {
    const state = new Map<string, string | undefined>();
    for (const key of await this.keys()) state.set(key, (await this.store.head(key))?.revision);
    return state;
  }
}

async function openStore(
  kind: StoreName,
): Promise<{ readonly store: ObjectStore; readonly close: () => Promise<void> }> {
  const nothing = (): Promise<void> => Promise.resolve();
  switch (kind) {
    case 'memory':
      return { store: memoryStore(() => new Date()), close: nothing };
    case 'a directory':
      return { store: directoryStore(await temporaryFolder()), close: nothing };
    case 'S3':
    case 'S3, in parts': {
      const server = await startS3Server();
      server.createBucket(BUCKET, { versioning: 'Enabled' });
      const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig() });
      // Records stay below, content above.
      const limits = kind === 'S3' ? {} : { limits: { single: 0 } };
      const close = async (): Promise<void> => {
        client.destroy();
        await server.close();
      };
      return { store: s3Store({ client, bucket: BUCKET, requiresVersions: true, ...limits }), close };
    }
  }
}

/** The stores' clocks are those of this machine. */
function presentChance(): Chance {
  let nonces = 0;
  return {
    now: () => new Date(),
    nonce: () => `nonce${String(++nonces).padStart(6, '0')}`,
    pause: () => new Promise((proceed) => setImmediate(proceed)),
  };
}

const opened: World[] = [];

/** As `World.open`; it is closed after the test. */
export async function openWorld(kind: StoreName): Promise<World> {
  const world = await World.open(kind);
  opened.push(world);
  return world;
}

afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});
