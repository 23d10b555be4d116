import { answerOf, eventsOf } from './events.ts';
import type { Actor, Scene } from './scene.ts';
import { ask, planOf, publish } from './scene.ts';

/** Something that a process is asked to do, and may die of anywhere. */
export interface Scenario {
  readonly name: string;
  /** Before it, in peace. */
  readonly before?: (actor: Actor, scene: Scene) => Promise<unknown>;
  /** May be asked again in the same words. */
  readonly act: (actor: Actor, scene: Scene) => Promise<unknown>;
}

const arnOf = (scene: Scene, name: string): string => scene.arns.get(name) ?? '';

/** Each command of the keeper, each event of the reference function, and publishing. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'publish what is new', act: ({ domain }) => publish(domain, 'shop/new', 'new') },
  { name: 'publish another content', act: ({ domain }) => publish(domain, 'shop/used', 'newer') },
  { name: 'publish what another ID holds', act: ({ domain }) => publish(domain, 'shop/again', 'used') },
  { name: 'publish what is published', act: ({ domain }) => publish(domain, 'shop/used', 'used') },
  { name: 'publish what is condemned', act: ({ domain }) => publish(domain, 'shop/again', 'condemned') },
  { name: 'publish what was deleted half way', act: ({ domain }) => publish(domain, 'shop/again', 'half') },
  {
    name: 'delete',
    act: (actor, scene) => ask(actor, { command: 'delete', arn: arnOf(scene, 'unused'), dryRun: false, now: false }),
  },
  {
    name: 'delete at once',
    act: (actor, scene) => ask(actor, { command: 'delete', arn: arnOf(scene, 'unused'), dryRun: false, now: true }),
  },
  {
    name: 'delete what another holds',
    act: (actor, scene) => ask(actor, { command: 'delete', arn: arnOf(scene, 'shared'), dryRun: false, now: true }),
  },
  {
    name: 'delete what is used',
    act: (actor, scene) => ask(actor, { command: 'delete', arn: arnOf(scene, 'used'), dryRun: false, now: true }),
  },
  {
    name: 'delete what is deleted half way',
    act: (actor, scene) => ask(actor, { command: 'delete', arn: arnOf(scene, 'half'), dryRun: false, now: true }),
  },
  {
    name: 'undelete',
    act: (actor, scene) => ask(actor, { command: 'undelete', arn: arnOf(scene, 'condemned') }),
  },
  {
    name: 'reference-add',
    act: (actor, scene) =>
      ask(actor, { command: 'reference-add', arn: arnOf(scene, 'unused'), consumer: 'team/nightly' }),
  },
  {
    name: 'reference-remove',
    act: (actor, scene) =>
      ask(actor, { command: 'reference-remove', arn: arnOf(scene, 'named'), consumer: 'team/nightly' }),
  },
  { name: 'audit', act: (actor) => ask(actor, { command: 'audit', fix: true }) },
  { name: 'tend', act: (actor) => ask(actor, { command: 'tend' }) },
  { name: 'verify', act: (actor) => ask(actor, { command: 'verify', fix: true, deep: true }) },
  {
    name: 'gc-plan',
    act: (actor) => ask(actor, { command: 'gc-plan', id: 'planofacrash', now: false, verbose: true }),
  },
  {
    name: 'gc-run',
    before: planOf(false),
    act: (actor, { plan }) => ask(actor, { command: 'gc-run', plan: plan.digest, now: false }),
  },
  {
    name: 'gc-run at once',
    before: planOf(true),
    act: (actor, { plan }) => ask(actor, { command: 'gc-run', plan: plan.digest, now: true }),
  },
  {
    name: 'cancel',
    act: (actor, scene) => ask(actor, { command: 'cancel', digest: scene.digestOf('condemned') }),
  },
  { name: 'finish', act: (actor, scene) => ask(actor, { command: 'finish', digest: scene.digestOf('half') }) },
  ...(['Create', 'Update', 'Delete'] as const).map((type): Scenario => ({
    name: type,
    before: async (actor, scene) => {
      scene.event = await eventsOf(actor, scene, type);
    },
    act: (actor, scene) => answerOf(actor, scene.event),
  })),
];
