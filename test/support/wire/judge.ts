import { bytesOf, hasCode, sha256, takesNoReferences } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { bindingKeys } from '../../../repository/binding.ts';
import { blobKey, parseVersionKey, versionReferenceKey, versionsPrefix } from '../../../repository/keys.ts';
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
  for (const bound of world.bound) await checkBound(domain, world, bound);
  for (const { name, arn } of world.published) {
    const status = await readStatus(domain, name, arn.version);
    const version = versionText(name, arn.version);
    if (takesNoReferences(status) && !world.givenUp.has(version)) {
      world.violations.add(`${version} is ${status}, and nobody deleted it`);
    }
  }
  for (const key of await keysIn(domain.store, versionsPrefix('default'))) {
    const { number, ...name } = parseVersionKey(key);
    await checkVersion(domain, world, name, number);
  }
}

async function checkVersion(
  domain: Domain,
  world: World,
  name: Parameters<typeof readManifest>[1],
  number: number,
): Promise<void> {
  const version = versionText(name, number);
  const [manifest, status] = [await readManifest(domain, name, number), await readStatus(domain, name, number)];
  if (manifest === undefined || takesNoReferences(status)) return;
  world.tally.count('check');
  for (const { digest, filename } of manifest.assets) {
    if (!(await isThere(domain, digest, filename))) world.violations.add(`${version} is ${status} without its content`);
    const reference = versionReferenceKey(digest, name, number, manifest.nonce);
    if ((await domain.store.head(reference)) === undefined) {
      world.violations.add(`${version} is ${status} and holds nothing`);
    }
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
async function isThere(
  { store }: Domain,
  digest: Bound['wanted']['digest'],
  filename: string,
): Promise<boolean> {
  const object = await store.read(blobKey(digest, filename));
  return object !== undefined && sha256(await bytesOf(object.body)) === digest;
}
