import { handle } from '../../../handler/reference/handle.ts';
import { blobKey } from '../../../repository/keys.ts';
import type { EventMembers } from '../custom-resource-event.ts';
import { EventSource } from '../custom-resource-event.ts';
import { PLACE } from '../reference-function.ts';
import type { Actor, Scene } from './scene.ts';

const STACK = `arn:aws:cloudformation:${PLACE.region}:${PLACE.account}:stack/other/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c2`;

/** The event of this type, and before it what precedes it, in peace. */
export async function eventsOf(
  actor: Actor,
  scene: Scene,
  type: 'Create' | 'Update' | 'Delete',
): Promise<EventMembers> {
  const source = new EventSource({ stackId: STACK });
  const create = source.create(propertiesOf(scene, 'unused'));
  if (type === 'Create') return create;
  const { PhysicalResourceId: id } = await answerOf(actor, create);
  return type === 'Update'
    ? source.update(id, propertiesOf(scene, 'used'), propertiesOf(scene, 'unused'))
    : source.remove(id, propertiesOf(scene, 'unused'));
}

export function propertiesOf(scene: Scene, name: string): EventMembers {
  return { ArtifactArn: scene.arns.get(name), Key: blobKey(scene.digestOf(name), 'archive.zip') };
}

export interface Answer {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
}

/** Has the reference function answer an event. @throws Error where the answer is FAILED */
export async function answerOf({ domain, crash }: Actor, event: EventMembers): Promise<Answer> {
  let told: Answer | undefined;
  await handle(event, () => 60_000, {
    connect: () => ({
      ...{ store: domain.store, keeper: domain.keeper, chance: domain.chance, place: PLACE },
      ...(domain.away && { away: domain.away }),
      urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
    }),
    put: (_, body) =>
      crash.request(async () => {
        told = JSON.parse(body.toString()) as Answer;
      }),
    log: () => undefined,
    now: domain.chance.now,
    // Only the end of the function's time could be waited for.
    pause: () => new Promise(() => undefined),
  });
  if (told?.Status !== 'SUCCESS') throw new Error(`answered: ${JSON.stringify(told)}`);
  return told;
}
