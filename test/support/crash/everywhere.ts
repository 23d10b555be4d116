import { parseArn } from '../../../repository/arn.ts';
import { readBookmarkAt } from '../../../repository/bookmark-record.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { blobPrefix, deletionKey } from '../../../repository/keys.ts';
import { readManifest } from '../../../repository/version.ts';
import { isGone, readStatus } from '../../../repository/status.ts';
import { isDigest } from '../../../repository/digest.ts';
import type { ObjectStore } from '../../../repository/index.ts';
import { isLeftToSee } from '../../../repository/verifying/finding.ts';
import type { VerifyFinding } from '../../../repository/verifying/finding.ts';
import { Crash } from './crash.ts';
import type { Ground, MakeGround } from './ground.ts';
import type { Scenario } from './scenario.ts';
import type { Scene } from './scene.ts';
import { keysIn } from '../keys-in.ts';
import { ask, makeScene, Time } from './scene.ts';

/** What came of dying everywhere in one scenario. */
export interface Covered {
  /** Deaths. */
  readonly points: number;
  /** States that they left, and that were looked at. */
  readonly states: number;
  readonly violations: readonly string[];
}

/** What all scenarios begin with, each in a copy. */
export interface Stage {
  readonly time: Time;
  readonly ground: Ground;
  readonly scene: Scene;
  readonly begin: Date;
}

export async function makeStage(make: MakeGround): Promise<Stage> {
  const time = new Time();
  const ground = await make(time.now);
  const scene = await makeScene(time, ground.store);
  return { time, ground, scene, begin: time.now() };
}

const DAY_HOURS = 24;

/**
 * Has a process die at every request that a scenario makes, before and after the effect; and after each death looks whether all is there that is used,
 * whether a verification heals what was left, whether the same may be asked again, and whether that comes to the same end.
 * @param looks `once`: only after the first of all deaths that have left the same, because the same had been written and removed until then
 */
export async function dieEverywhere(scenario: Scenario, stage: Stage, looks: 'always' | 'once'): Promise<Covered> {
  const { time } = stage;
  time.backTo(stage.begin);
  const ground = await stage.ground.copy();
  const scene = { ...stage.scene };
  const violations: string[] = [];
  const left = new Set<string>();
  let points = 0;
  let states = 0;
  const isToBeSeen = ({ effects }: Crash): boolean => {
    const state = effects.map(withoutNonces).toSorted().join('\n');
    const isKnown = left.has(state);
    left.add(state);
    if (isKnown && looks === 'once') return false;
    states += 1;
    return true;
  };
  try {
    await scenario.before?.(await time.actor(ground.store), scene);
    const begin = time.now();
    const { requests, end } = await liveThrough(scenario, await ground.copy(), time, scene);
    for (let at = 1; at <= requests; at++) {
      for (const side of ['before', 'after'] as const) {
        const where = `${scenario.name}, dead ${side} request ${at}`;
        const copy = await ground.copy();
        time.backTo(begin);
        try {
          const victim = await die(scenario, copy, time, scene, new Crash(at, side));
          const found = isToBeSeen(victim) ? await whatIsWrong(scenario, copy, time, scene, end) : [];
          violations.push(...found.map((one) => `${where}: ${one}`));
        } catch (error) {
          violations.push(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        }
        await copy.drop();
        points += 1;
      }
    }
  } finally {
    await ground.drop();
  }
  return { points, states, violations };
}

/** Without a death. */
async function liveThrough(
  scenario: Scenario,
  ground: Ground,
  time: Time,
  scene: Scene,
): Promise<{ readonly requests: number; readonly end: readonly string[] }> {
  const actor = await time.actor(ground.store);
  await scenario.act(actor, scene);
  const end = await endOf(scenario, ground.store, time);
  await ground.drop();
  return { requests: actor.crash.requests, end };
}

/** @returns how that went */
async function die(scenario: Scenario, { store }: Ground, time: Time, scene: Scene, crash: Crash): Promise<Crash> {
  const victim = await time.actor(store, crash);
  await Promise.race([scenario.act(victim, scene), crash.died]);
  if (!crash.isDead) throw new Error('it came to its end before that');
  await crash.served();
  return crash;
}

/** After a death. */
async function whatIsWrong(
  scenario: Scenario,
  { store, copy }: Ground,
  time: Time,
  scene: Scene,
  end: readonly string[],
): Promise<readonly string[]> {
  const lost = await lostIn(store, scene);
  if (lost.length > 0) return lost;
  // In a copy, so that what is asked again finds what the dead one left.
  const verifyCopy = async (): Promise<readonly string[]> => {
    const verified = await copy();
    const found = await verifyAndHeal(verified, time, scene);
    await verified.drop();
    return found;
  };
  const unhealed = await verifyCopy();
  await scenario.act(await time.actor(store), scene);
  const violations = [...(await lostIn(store, scene))];
  const isHalfReleased =
    scenario.releases === true && unhealed.length > 0 && unhealed.every((one) => one.includes(' finds unpaired: '));
  const left = isHalfReleased ? await verifyCopy() : unhealed;
  violations.push(...left);
  const own = await endOf(scenario, store, time);
  const [extra, missing] = [own.filter((one) => !end.includes(one)), end.filter((one) => !own.includes(one))];
  if (extra.length > 0) violations.push(`comes to what else would not be: ${extra.join(', ')}`);
  if (missing.length > 0) violations.push(`does not come to: ${missing.join(', ')}`);
  return violations;
}

/** What is used is there, and so is what every version that was not deleted holds. */
async function lostIn(store: ObjectStore, { arns }: Scene): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const [name, text] of arns) {
    const { repository, id, version = 0, digest } = parseArn(text);
    const place = { repository, id };
    const status = await readStatus({ store }, place, version);
    const isUsed = name === 'used' || name === 'named';
    if (isUsed && isGone(status)) lost.push(`${name} is ${status}`);
    if (isGone(status) || digest === undefined) continue;
    if ((await readManifest({ store }, place, version)) === undefined) lost.push(`${name} has no manifest`);
    if ((await keysIn(store, blobPrefix(digest))).length === 0) lost.push(`${name} (${status}) has no content`);
    const deletion = await readDeletion(store, digest);
    if (isUsed && deletion?.value.state === 'deleting') lost.push(`${name} is being deleted`);
  }
  return lost;
}

/** Finds nothing, or heals what it finds. */
async function verifyAndHeal(ground: Ground, time: Time, scene: Scene): Promise<readonly string[]> {
  const left = async (): Promise<VerifyFinding[]> => {
    const actor = await time.actor(ground.store);
    const findings = await ask(actor, { command: 'verify', fix: true, deep: true });
    return (findings as VerifyFinding[]).filter(isLeftToSee);
  };
  const unhealed = await left();
  const again = unhealed.length === 0 ? await left() : unhealed;
  const lost = await lostIn(ground.store, scene);
  return [...again.map(({ kind, key, why }) => `a verification finds ${kind}: ${key} ${why}`), ...lost];
}

/**
 * Goes on until audits and collections have been there. @returns what everything has come to: statuses, content, who holds and uses it. Names
 * that are new for every writing are left out, and so is how far it has come to be collected.
 */
async function endOf({ goesOn }: Scenario, store: ObjectStore, time: Time): Promise<readonly string[]> {
  // What has to be condemned yet goes a quarantine later.
  for (let turn = 0; goesOn !== undefined && turn < 2; turn++) {
    time.pass(8 * DAY_HOURS);
    await goesOn(await time.actor(store));
  }
  for (const command of ['audit', 'audit'] as const) {
    time.pass(2 * DAY_HOURS);
    await ask(await time.actor(store), { command, fix: true });
  }
  const found: string[] = [];
  for (const key of await keysIn(store)) {
    const [kind = '', second = ''] = key.split('/');
    if (['blobs', 'versions', 'labels', 'repositories', 'consumers'].includes(kind)) found.push(key);
    // What another domain knows of it, which stands in the same store.
    const isToldElsewhere = kind === 'elsewhere' && second === 'references' && key.includes('/stack/');
    if (kind === 'references' || isToldElsewhere) found.push(withoutNonces(key));
    if (kind === 'bookmarks') {
      const bookmark = await readBookmarkAt(store, key);
      found.push(`${key} ${bookmark?.value.number ?? 'nothing'}`);
    }
    if (kind === 'statuses') {
      const [, repository = '', ...rest] = key.split('/');
      const number = Number(rest.pop());
      const name = { repository, id: rest.slice(0, -1).join('/') };
      const status = await readStatus({ store }, name, number);
      // A version without a record is Published.
      if (status !== 'Published') found.push(`${key} ${status}`);
    }
    if (kind === 'deletions' && isDigest(second)) {
      const record = await readDeletion(store, second);
      // The same as no record.
      if (record?.value.state !== 'cancelled') found.push(`${deletionKey(second)} ${record?.value.state ?? 'gone'}`);
    }
  }
  return found.toSorted();
}

/** What is called by a name that is new for every writing is the same in all of them. */
function withoutNonces(key: string): string {
  return key.replaceAll(/n\d{9}/g, '');
}
