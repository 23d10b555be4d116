import { ValidationError } from './error.ts';
import { exportsOf, importersOf } from './export.ts';
import type { Stack } from './stack.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, textOf } from './value.ts';
import type { World } from './world.ts';

/** Answers in the shapes of the AWS SDK's CloudFormation client. */
export type Answered = Readonly<Record<string, unknown>>;

/** A page of CloudFormation's lists. */
const PAGE = 100;

/** By name: the one that is not deleted. By ID: any, for as long as the engine lives (in AWS some 90 days: `forgetDeleted`). */
export function findStack(nameOrId: string, world: World): Stack | undefined {
  if (nameOrId.startsWith('arn:')) return world.stacks.get(nameOrId);
  return [...world.stacks.values()].find(({ name, status }) => name === nameOrId && status !== 'DELETE_COMPLETE');
}

export function requireStack(asked: Value, world: World): Stack {
  const nameOrId = textOf(asked);
  const stack = nameOrId === undefined ? undefined : findStack(nameOrId, world);
  if (stack === undefined) throw new ValidationError(`Stack with id ${nameOrId ?? ''} does not exist`);
  return stack;
}

/** What is asked and answered at once, and changes nothing. */
export const ACTIONS: Readonly<Record<string, (asked: ValueMap, world: World) => Answered>> = {
  DescribeStacks: (asked, world) => {
    const [name, token] = [textOf(asked['StackName']), textOf(asked['NextToken'])];
    if (name !== undefined) return { Stacks: [described(requireStack(name, world))] };
    const living = [...world.stacks.values()].filter(({ status }) => status !== 'DELETE_COMPLETE');
    return page('Stacks', living.map(described).reverse(), token);
  },
  ListStacks: ({ NextToken: token, StackStatusFilter: given }, world) => {
    const filter = isList(given) ? given : [];
    const chosen = [...world.stacks.values()].filter(({ status }) => filter.length === 0 || filter.includes(status));
    return page('StackSummaries', chosen.map(summarized).reverse(), textOf(token));
  },
  ListStackResources: ({ StackName: name, NextToken: token }, world) => {
    const stack = requireStack(name, world);
    const resources = [...stack.summaries.values()].map((resource) => ({
      LogicalResourceId: resource.logicalId,
      PhysicalResourceId: resource.physicalId,
      ResourceType: resource.type,
      LastUpdatedTimestamp: resource.timestamp,
      ResourceStatus: resource.status,
      ResourceStatusReason: resource.reason,
      DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
    }));
    return page('StackResourceSummaries', resources, textOf(token));
  },
  DescribeStackResources: ({ StackName: name }, world) => {
    const stack = requireStack(name, world);
    const resources = [...stack.summaries.values()].map((resource) => ({
      StackName: stack.name,
      StackId: stack.id,
      LogicalResourceId: resource.logicalId,
      PhysicalResourceId: resource.physicalId,
      ResourceType: resource.type,
      Timestamp: resource.timestamp,
      ResourceStatus: resource.status,
      ResourceStatusReason: resource.reason,
    }));
    return { StackResources: resources };
  },
  DescribeStackEvents: ({ StackName: name, NextToken: token }, world) => {
    const events = requireStack(name, world).events.map((event) => ({
      StackId: event.stackId,
      EventId: event.eventId,
      StackName: event.stackName,
      LogicalResourceId: event.logicalId,
      PhysicalResourceId: event.physicalId,
      ResourceType: event.type,
      Timestamp: event.timestamp,
      ResourceStatus: event.status,
      ResourceStatusReason: event.reason,
    }));
    return page('StackEvents', events.reverse(), textOf(token));
  },
  ListExports: ({ NextToken: token }, world) => {
    const own = exportsOf(world).map(({ name, value, stack }) => ({
      ExportingStackId: stack.id,
      Name: name,
      Value: value,
    }));
    const foreign = [...world.foreignExports].map(([name, value]) => ({ Name: name, Value: value }));
    return page('Exports', [...own, ...foreign], textOf(token));
  },
  ListImports: ({ ExportName: name, NextToken: token }, world) => {
    const importers = importersOf(textOf(name) ?? '', world);
    if (importers.length === 0)
      throw new ValidationError(`Export '${textOf(name) ?? ''}' is not imported by any stack.`);
    return page(
      'Imports',
      importers.map((stack) => stack.name),
      textOf(token),
    );
  },
};

/** A page of a list, and where the next begins. */
export function page(member: string, all: readonly unknown[], token: string | undefined): Answered {
  const begin = Number(token ?? 0);
  const end = begin + PAGE;
  return { [member]: all.slice(begin, end), ...(end < all.length && { NextToken: String(end) }) };
}

function summarized(stack: Stack): Answered {
  return {
    StackId: stack.id,
    StackName: stack.name,
    TemplateDescription: stack.deployment.template.description,
    CreationTime: stack.created,
    LastUpdatedTime: stack.updated,
    DeletionTime: stack.deleted,
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    ...relatives(stack),
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function described(stack: Stack): Answered {
  const { template, parameters } = stack.deployment;
  const { TemplateDescription: description, ...summary } = summarized(stack);
  return {
    ...summary,
    Description: description,
    Parameters: Object.entries(parameters).map(([name, value]) => ({
      ParameterKey: name,
      ParameterValue: textOf(template.parameters[name]?.['NoEcho']) === 'true' ? '****' : value,
    })),
    Outputs: stack.outputs.map(({ key, value, exportName, description: text }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: text,
      ExportName: exportName,
    })),
    DisableRollback: false,
    NotificationARNs: [],
    Capabilities: stack.capabilities,
    ChangeSetId: stack.changeSetId,
    Tags: stack.tags.map(({ key, value }) => ({ Key: key, Value: value })),
    EnableTerminationProtection: false,
  };
}

function relatives(stack: Stack): Answered {
  return stack.parent === undefined ? {} : { ParentId: stack.parent.id, RootId: stack.root.id };
}
