import { bytesOf, hasCode, sha256, takesNoReferences } from '../../../repository/index.ts';
import type { ArtifactName, Digest, Domain, Status } from '../../../repository/index.ts';
import { bindingKeys } from '../../../repository/binding.ts';
import {
  blobKey,
  EVERY_REFERENCE,
  EVERY_STACK_CONSUMER,
  parseVersionKey,
  statusesPrefix,
  statusKey,
  versionKey,
  versionReferenceKey,
  versionsPrefix,
} from '../../../repository/keys.ts';
import { readManifest } from '../../../repository/version.ts';
import { readStatus } from '../../../repository/status.ts';
import { keysIn } from '../keys-in.ts';
import type { Bound, World } from './world.ts';
import { versionText } from './world.ts';

/**
 * The invariant, as far as it can be seen from outside: what was acknowledged stands, what may be used is there and is what it says, and nothing goes
 * that nobody gave up. To be called while nobody is at work; who sleeps is not.
 */
export async function judge(domain: Domain, world: World): Promise<void> {
  const judging = await Judging.begin(domain, world);
  await judging.versions();
  for (const bound of world.bound) await judging.binding(bound);
  for (const { name, arn } of world.published) {
    const version = versionText(name, arn.version);
    if (world.manifests.has(versionKey(name, arn.version)) || world.givenUp.has(version)) continue;
    world.violations.add(`${version} was published, and is not there`);
  }
}

/** One look at everything, with few requests. */
class Judging {
  readonly #domain: Domain;
  readonly #world: World;
  /** Keys of references and of what finds them. */
  readonly #records: ReadonlySet<string>;
  readonly #contents = new Map<string, Promise<boolean>>();
  readonly #deleted = new Set<string>();

  static async begin(domain: Domain, world: World): Promise<Judging> {
    const references = await keysIn(domain.store, EVERY_REFERENCE);
    return new Judging(domain, world, [...references, ...(await keysIn(domain.store, EVERY_STACK_CONSUMER))]);
  }

  private constructor(domain: Domain, world: World, records: readonly string[]) {
    this.#domain = domain;
    this.#world = world;
    this.#records = new Set(records);
  }

  async versions(): Promise<void> {
    const { store } = this.#domain;
    const given = new Set<string>(await keysIn(store, statusesPrefix('default')));
    for (const key of await keysIn(store, versionsPrefix('default'))) {
      const { number, ...name } = parseVersionKey(key);
      const status = given.has(statusKey(name, number)) ? await readStatus({ store }, name, number) : 'Published';
      await this.#version(name, number, status);
    }
  }

  async #version(name: ArtifactName, number: number, status: Status): Promise<void> {
    const { manifests, givenUp } = this.#world;
    const version = versionText(name, number);
    if (status === 'Deleted') this.#deleted.add(version);
    if (takesNoReferences(status)) {
      this.#require(givenUp.has(version), `${version} is ${status}, and nobody deleted it`);
      return;
    }
    const key = versionKey(name, number);
    const manifest = manifests.get(key) ?? (await readManifest(this.#domain, name, number));
    // A number that was taken out of use.
    if (manifest === undefined) return;
    manifests.set(key, manifest);
    for (const { digest, filename } of manifest.assets) {
      this.#require(await this.#has(digest, filename), `${version} is ${status} without its content`);
      const reference = versionReferenceKey(digest, name, number, manifest.nonce);
      this.#require(this.#records.has(reference), `${version} is ${status} and holds nothing`);
    }
  }

  async binding({ resource, generation, wanted: { digest, filename, version } }: Bound): Promise<void> {
    const who = `${resource.logicalId} (${generation})`;
    const { reference, consumer } = bindingKeys({ resource, generation }, digest);
    for (const key of [reference, consumer]) {
      this.#require(this.#records.has(key), `the record ${key} of ${who} is lost`);
    }
    this.#require(await this.#has(digest, filename), `the content that ${who} uses is lost`);
    if (version === undefined) return;
    const used = versionText(version, version.number);
    this.#require(!this.#deleted.has(used), `${used}, which ${who} uses, is deleted`);
  }

  #has(digest: Digest, filename: string): Promise<boolean> {
    const key = blobKey(digest, filename);
    const known = this.#contents.get(key) ?? isThere(this.#domain, digest, filename);
    this.#contents.set(key, known);
    return known;
  }

  #require(holds: boolean, violation: string): void {
    this.#world.tally.count('check');
    if (!holds) this.#world.violations.add(violation);
  }
}

/** What a stack may use is there, its two records are, and the version that it names was not deleted. */
export async function checkBound(domain: Domain, world: World, bound: Bound): Promise<void> {
  const { resource, generation, wanted } = bound;
  const who = `${resource.logicalId} (${generation})`;
  const { reference, consumer } = bindingKeys({ resource, generation }, wanted.digest);
  await looking(world, async () => {
    const wrong: string[] = [];
    for (const key of [reference, consumer]) {
      if ((await domain.store.head(key)) === undefined) wrong.push(`the record ${key} of ${who} is lost`);
    }
    if (!(await isThere(domain, wanted.digest, wanted.filename))) wrong.push(`the content that ${who} uses is lost`);
    const { version } = wanted;
    if (version !== undefined && (await readStatus(domain, version, version.number)) === 'Deleted') {
      wrong.push(`${versionText(version, version.number)}, which ${who} uses, is deleted`);
    }
    // Whoever releases it says so before the first request.
    return world.bound.has(bound) ? wrong : [];
  });
}

/** Of a version that nobody has begun to delete. */
export async function checkContent(domain: Domain, world: World, wanted: Bound['wanted']): Promise<void> {
  const { version } = wanted;
  if (version === undefined) return;
  await looking(world, async () => {
    const there = await isThere(domain, wanted.digest, wanted.filename);
    const name = versionText(version, version.number);
    return there || world.givenUp.has(name) ? [] : [`${name} was published, and its content is not there`];
  });
}

/** Whoever looks while others are at work does so on the same line: it may fail, and says nothing then. */
async function looking(world: World, look: () => Promise<readonly string[]>): Promise<void> {
  try {
    for (const violation of await look()) world.violations.add(violation);
    world.tally.count('check');
  } catch (error) {
    if (!hasCode(error, 'STORE_UNAVAILABLE', 'CONTENTION')) throw error;
  }
}

/** Read, and compared with its name. */
async function isThere({ store }: Domain, digest: Digest, filename: string): Promise<boolean> {
  const object = await store.read(blobKey(digest, filename));
  return object !== undefined && sha256(await bytesOf(object.body)) === digest;
}
