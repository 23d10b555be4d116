import { neededCapability } from './capability.ts';
import { createChangeSet, deleteChangeSet, executeChangeSet } from './change-set.ts';
import type { GivenParameter } from './change-set.ts';
import type { ChangeSet, ChangeSetType } from './change-set-book.ts';
import { changeSetsOf, findChangeSet, noSuchChangeSet } from './change-set-book.ts';
import type { Answered } from './describe.ts';
import { findStack, page, requireStack } from './describe.ts';
import { ResourceError, UnsupportedError, ValidationError } from './error.ts';
import type { ImportedResource } from './import.ts';
import { continueRollback, deleteStack, inBackground, requireDeletable, requireFailedRollback } from './operation.ts';
import type { OnStackFailure } from './operation.ts';
import type { Stack, StackTag } from './stack.ts';
import { parseText, templateOf, transformsOf } from './template.ts';
import type { Value, ValueMap } from './value.ts';
import { isList, isMap, mapOf, mapValues, textOf } from './value.ts';
import type { World } from './world.ts';

/** Of a template in the request itself, in bytes; and of one behind a URL. */
const MOST_INLINE = 51_200;
const MOST_BY_URL = 1_000_000;

/** Actions of CloudFormation that change something, or are about changes. What a request has and is not known here is refused. */
export const CHANGES: Readonly<Record<string, (asked: ValueMap, world: World) => Promise<Answered>>> = {
  CreateChangeSet: async (asked, world) => {
    requireKnown(asked, [
      ...['StackName', 'ChangeSetName', 'ChangeSetType', 'TemplateBody', 'TemplateURL', 'UsePreviousTemplate'],
      ...['Parameters', 'Capabilities', 'Tags', 'Description', 'OnStackFailure', 'ResourcesToImport'],
      ...['ClientToken', 'RoleARN', 'NotificationARNs', 'RollbackConfiguration'],
    ]);
    const stackName = named(asked, 'StackName', /^([a-zA-Z][-a-zA-Z0-9]{0,127}|arn:[-a-zA-Z0-9:/._+]*)$/);
    const name = named(asked, 'ChangeSetName', /^[a-zA-Z][-a-zA-Z0-9]{0,127}$/);
    const type = (textOf(asked['ChangeSetType']) ?? 'UPDATE') as ChangeSetType;
    const imports = items(asked['ResourcesToImport']).map(importOf);
    if (type === 'IMPORT' && imports.length === 0) {
      throw new ValidationError('Must Provide at least one resource to import');
    }
    const set = await createChangeSet(
      {
        ...{ stackName, name, type, imports, source: await sourceOf(asked, world) },
        parameters: items(asked['Parameters']).map(parameterOf),
        capabilities: texts(asked['Capabilities']),
        tags: asked['Tags'] === undefined ? undefined : items(asked['Tags']).map(tagOf),
        description: textOf(asked['Description']),
        onStackFailure: textOf(asked['OnStackFailure']) as OnStackFailure | undefined,
      },
      world,
    );
    return { Id: set.id, StackId: set.stack.id };
  },
  DescribeChangeSet: async (asked, world) => {
    requireKnown(asked, ['ChangeSetName', 'StackName', 'NextToken', 'IncludePropertyValues']);
    const set = requireChangeSet(asked, world);
    const changes = set.changes.map((change) => ({ Type: 'Resource', ResourceChange: change }));
    return {
      ...summaryOf(set),
      Parameters: Object.entries(set.parameters).map(([name, value]) => ({
        ParameterKey: name,
        ParameterValue: textOf(set.deployment?.template.parameters[name]?.['NoEcho']) === 'true' ? '****' : value,
      })),
      ...{ NotificationARNs: [], RollbackConfiguration: {}, Capabilities: set.capabilities },
      Tags: set.tags.map(({ key, value }) => ({ Key: key, Value: value })),
      OnStackFailure: set.onStackFailure,
      ...page('Changes', changes, textOf(asked['NextToken'])),
    };
  },
  DescribeEvents: async (asked, world) => {
    requireKnown(asked, ['ChangeSetName', 'StackName', 'Filters', 'NextToken']);
    const set = requireChangeSet(asked, world);
    const events = set.conflicts.map(({ logicalId, type, reason }) => ({
      ...{ EventId: `${set.id}-${logicalId}`, StackId: set.stack.id, OperationType: 'CREATE_CHANGESET' },
      ...{ EventType: 'VALIDATION_ERROR', LogicalResourceId: logicalId, ResourceType: type, Timestamp: set.created },
      ...{ ValidationName: 'NAME_CONFLICT_VALIDATION', ValidationStatus: 'FAILED', ValidationFailureMode: 'FAIL' },
      ...{ ValidationStatusReason: reason, ValidationPath: `/Resources/${logicalId}` },
    }));
    return page('OperationEvents', events, textOf(asked['NextToken']));
  },
  ListChangeSets: async (asked, world) => {
    requireKnown(asked, ['StackName', 'NextToken']);
    const stack = existing(textOf(asked['StackName']) ?? '', world);
    return page('Summaries', changeSetsOf(stack, world).map(summaryOf), textOf(asked['NextToken']));
  },
  ExecuteChangeSet: async (asked, world) => {
    requireKnown(asked, ['ChangeSetName', 'StackName', 'ClientRequestToken']);
    executeChangeSet(requireChangeSet(asked, world), world);
    return {};
  },
  // One that is not there is deleted already.
  DeleteChangeSet: async (asked, world) => {
    requireKnown(asked, ['ChangeSetName', 'StackName']);
    const set = changeSetOf(asked, world);
    if (set !== undefined) deleteChangeSet(set, world);
    return {};
  },
  DeleteStack: async (asked, world) => {
    requireKnown(asked, ['StackName', 'RetainResources', 'DeletionMode', 'ClientRequestToken', 'RoleARN']);
    const stack = findStack(textOf(asked['StackName']) ?? '', world);
    if (stack === undefined || stack.status === 'DELETE_IN_PROGRESS') return {};
    const retain = asked['RetainResources'] === undefined ? undefined : texts(asked['RetainResources']);
    const options = {
      ...(retain !== undefined && retain.length > 0 && { retain }),
      ...(asked['DeletionMode'] === 'FORCE_DELETE_STACK' && { mode: 'force' as const }),
    };
    requireDeletable(stack, options);
    begin(stack, () => deleteStack(stack, world, options), world);
    return {};
  },
  ContinueUpdateRollback: async (asked, world) => {
    requireKnown(asked, ['StackName', 'ResourcesToSkip', 'ClientRequestToken', 'RoleARN']);
    const stack = existing(textOf(asked['StackName']) ?? '', world);
    requireFailedRollback(stack);
    begin(stack, () => continueRollback(stack, texts(asked['ResourcesToSkip'])), world);
    return {};
  },
  GetTemplate: async (asked, world) => {
    requireKnown(asked, ['StackName', 'ChangeSetName', 'TemplateStage']);
    const { source } =
      asked['ChangeSetName'] === undefined
        ? requireStack(asked['StackName'], world).deployment
        : requireChangeSet(asked, world);
    return { TemplateBody: source, StagesAvailable: ['Original', 'Processed'] };
  },
  GetTemplateSummary: async (asked, world) => {
    requireKnown(asked, ['StackName', 'TemplateBody', 'TemplateURL']);
    const isDeployed = asked['StackName'] !== undefined;
    const source = isDeployed
      ? requireStack(asked['StackName'], world).deployment.source
      : await sourceOf(asked, world);
    return templateSummary(source);
  },
};

/** What is to be refused was; what comes of it later is no more the request's. */
function begin(stack: Stack, act: () => Promise<Stack>, world: World): void {
  inBackground(async () => {
    await act();
    world.happenings.happened(`operation ${stack.id}`);
  }, world);
}

function requireKnown(asked: ValueMap, names: readonly string[]): void {
  const flags = ['ImportExistingResources', 'IncludeNestedStacks', 'DisableRollback', 'RetainExceptOnCreate'];
  for (const [name, value] of Object.entries(asked)) {
    const isOff = flags.includes(name) && value === 'false';
    if (!isOff && ![...names, 'Action', 'Version'].includes(name)) throw new UnsupportedError(`${name} in a request`);
  }
}

function named(asked: ValueMap, member: 'StackName' | 'ChangeSetName', pattern: RegExp): string {
  const value = textOf(asked[member]) ?? '';
  if (pattern.test(value)) return value;
  const at = member.charAt(0).toLowerCase() + member.slice(1);
  throw new ValidationError(
    `1 validation error detected: Value '${value}' at '${at}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`,
  );
}

function items(value: Value): readonly ValueMap[] {
  return isList(value) ? value.filter(isMap) : [];
}

function texts(value: Value): readonly string[] {
  return isList(value) ? value.map((one) => textOf(one) ?? '') : [];
}

function parameterOf(given: ValueMap): GivenParameter {
  return {
    key: textOf(given['ParameterKey']) ?? '',
    value: textOf(given['ParameterValue']),
    previous: textOf(given['UsePreviousValue']) === 'true',
  };
}

function tagOf(given: ValueMap): StackTag {
  return { key: textOf(given['Key']) ?? '', value: textOf(given['Value']) ?? '' };
}

function importOf(given: ValueMap): ImportedResource {
  return {
    logicalId: textOf(given['LogicalResourceId']) ?? '',
    type: textOf(given['ResourceType']) ?? '',
    identifier: mapValues(mapOf(given['ResourceIdentifier']), (value) => textOf(value) ?? ''),
  };
}

async function sourceOf(asked: ValueMap, world: World): Promise<string> {
  const [body, url] = [textOf(asked['TemplateBody']), textOf(asked['TemplateURL'])];
  const usesPrevious = textOf(asked['UsePreviousTemplate']) === 'true';
  if ([body !== undefined, url !== undefined, usesPrevious].filter(Boolean).length !== 1) {
    throw new ValidationError('Either Template URL or Template Body must be specified.');
  }
  if (usesPrevious) return existing(textOf(asked['StackName']) ?? '', world).deployment.source;
  if (body !== undefined) {
    if (Buffer.byteLength(body) <= MOST_INLINE) return body;
    throw new ValidationError(
      `1 validation error detected: Value '${body}' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${MOST_INLINE}`,
    );
  }
  return templateAt(url ?? '', world);
}

async function templateAt(url: string, world: World): Promise<string> {
  try {
    if (!url.startsWith('http')) throw new ValidationError('TemplateURL must be a supported URL.');
    const source = await world.content.template(url, 'now');
    if (Buffer.byteLength(source) <= MOST_BY_URL) return source;
    throw new ValidationError(`Template may not exceed ${MOST_BY_URL} bytes in size.`);
  } catch (error) {
    throw error instanceof ResourceError ? new ValidationError(error.message) : error;
  }
}

/** As far as change sets know a stack: in the other words that CloudFormation has for one that is not there. */
function existing(nameOrId: string, world: World): Stack {
  const stack = findStack(nameOrId, world);
  if (stack === undefined) throw new ValidationError(`Stack [${nameOrId}] does not exist`);
  return stack;
}

function changeSetOf(asked: ValueMap, world: World): ChangeSet | undefined {
  const stackNamed = (name: string): Stack => existing(name, world);
  return findChangeSet(textOf(asked['ChangeSetName']), stackNamed, textOf(asked['StackName']), world);
}

function requireChangeSet(asked: ValueMap, world: World): ChangeSet {
  const set = changeSetOf(asked, world);
  if (set === undefined) throw noSuchChangeSet(textOf(asked['ChangeSetName']));
  return set;
}

function summaryOf(set: ChangeSet): Answered {
  return {
    ...{ StackId: set.stack.id, StackName: set.stack.name, ChangeSetId: set.id, ChangeSetName: set.name },
    ...{ Status: set.status, StatusReason: set.statusReason, ExecutionStatus: set.executionStatus },
    ...{ CreationTime: set.created, Description: set.description, IncludeNestedStacks: false },
  };
}

function templateSummary(source: string): Answered {
  const written = parseText(source);
  const transforms = transformsOf(written);
  const needed = transforms.length > 0 ? undefined : neededCapability(templateOf(written));
  return {
    Parameters: Object.entries(mapOf(written['Parameters'])).map(([name, declaration]) => ({
      ParameterKey: name,
      DefaultValue: textOf(mapOf(declaration)['Default']),
      ParameterType: textOf(mapOf(declaration)['Type']),
      NoEcho: textOf(mapOf(declaration)['NoEcho']) === 'true',
      Description: textOf(mapOf(declaration)['Description']),
      ParameterConstraints: { AllowedValues: texts(mapOf(declaration)['AllowedValues']) },
    })),
    Description: textOf(written['Description']),
    ...(needed?.capability !== undefined && {
      Capabilities: [needed.capability],
      CapabilitiesReason: `The following resource(s) require capabilities: [${needed.types.join(', ')}]`,
    }),
    ResourceTypes: [
      ...new Set(Object.values(mapOf(written['Resources'])).map((one) => textOf(mapOf(one)['Type']) ?? '')),
    ],
    Version: textOf(written['AWSTemplateFormatVersion']),
    DeclaredTransforms: transforms,
  };
}
