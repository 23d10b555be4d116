import { functionNamed } from './functions.ts';
import type { ValueMap } from './value.ts';
import { isList, mapOf, textOf } from './value.ts';
import type { World } from './world.ts';
import { arnOf } from './world.ts';

/** The ARN under which a function is invoked that is called like this, its qualifier included. */
export function invokedArn(nameOrArn: string, world: World): string {
  if (nameOrArn.startsWith('arn:')) return nameOrArn;
  const { name, qualifier } = functionNamed(nameOrArn);
  return arnOf(world, 'lambda', `function:${name}${qualifier === undefined ? '' : `:${qualifier}`}`);
}

/** Delivers what a rule of EventBridge has to say to its targets now. How many were told. */
export function tick(ruleName: string, world: World): number {
  const rule = ruleNamed(ruleName, world);
  if (rule === undefined) throw new Error(`no rule '${ruleName}'`);
  if ((textOf(rule['State']) ?? 'ENABLED') === 'DISABLED') return 0;
  const targets = isList(rule['Targets']) ? rule['Targets'].map(mapOf) : [];
  const found = targets.flatMap((target) => {
    const arn = textOf(target['Arn']) ?? '';
    const definition = world.functions.runnable(arn);
    return definition === undefined ? [] : [{ target, arn, definition }];
  });
  for (const { target, arn, definition } of found) {
    const event = textOf(target['Input']) ?? scheduledEvent(ruleName, world);
    const delivery = { hold: undefined, kills: world.lambda.fated(arn) };
    world.lambda
      .deliver(arn, definition, event, world.random.uuid(), delivery)
      .catch((error: unknown) => world.lambda.defects.push(error));
  }
  return found.length;
}

function ruleNamed(name: string, world: World): ValueMap | undefined {
  return [...world.stacks.values()]
    .filter(({ status }) => status !== 'DELETE_COMPLETE')
    .flatMap(({ resources }) => [...resources.values()])
    .find(({ type, physicalId }) => type === 'AWS::Events::Rule' && physicalId === name)?.properties;
}

/** What a target without an Input gets. */
function scheduledEvent(ruleName: string, world: World): string {
  return JSON.stringify({
    ...{ version: '0', id: world.random.uuid(), 'detail-type': 'Scheduled Event', source: 'aws.events' },
    ...{ account: world.account, time: new Date(world.scheduler.now).toISOString(), region: world.region },
    ...{ resources: [arnOf(world, 'events', `rule/${ruleName}`)], detail: {} },
  });
}
