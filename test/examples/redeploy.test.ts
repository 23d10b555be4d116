import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseCommandLine } from '../../packager/cli/syntax/command-line.ts';
import { paletteFor } from '../../packager/cli/terminal.ts';
import { PLACE } from '../support/domain-principals.ts';
import { resolve } from '../support/stack-engine/intrinsic.ts';
import { parseText, templateOf } from '../support/stack-engine/template.ts';
import { recordedTerminal } from '../support/terminal.ts';
import { EXAMPLES } from './example.ts';

/** The rules of the example start a build for the events that they are for, as docs/events.md has them, and for no others. */

type Json = Readonly<Record<string, unknown>>;

const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/events.md'), 'utf8');
const STACK = 'shop';

function exampleOf(type: string): Json {
  const [, json = ''] = new RegExp(`^### ${type}\n[^#]*?\`\`\`json\n(.*?)\n\`\`\``, 'ms').exec(PAGE) ?? [];
  return JSON.parse(json) as Json;
}

function detailOf(event: Json): Json {
  return event['detail'] as Json;
}

function withDetail(event: Json, detail: Json): Json {
  return { ...event, detail: { ...detailOf(event), ...detail } };
}

/** Of the template, with these parameters, for what the example of the event tells of. */
function propertiesOf(id: string, given: Readonly<Record<string, string>>): Json {
  const template = templateOf(parseText(readFileSync(path.join(EXAMPLES, 'redeploy/template.yaml'), 'utf8')));
  const known: Readonly<Record<string, string>> = {
    ...{ 'AWS::Partition': 'aws', 'AWS::Region': PLACE.region, 'AWS::AccountId': PLACE.account },
    ...{ Bookmark: 'prod', StackName: STACK, SourceLocation: 'https://github.com/my-org/shop', ...given },
  };
  const properties = resolve(template.resources[id]?.properties, {
    ...{ template, parameter: (name) => known[name], imported: (name) => name },
    ...{ ref: (name) => name, attribute: (name, attribute) => `${name}.${attribute}` },
  });
  return properties as Json;
}

/** As much of EventBridge's patterns as the example has: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
function matches(pattern: Json, event: unknown): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as readonly Json[]).some((one) => matches(one, event));
    // Of a list of objects any may match.
    const values = valuesOf(event).map((one) => (isObject(one) ? one[name] : undefined));
    if (isObject(wanted)) return matches(wanted, values.flatMap(valuesOf));
    const found = values.flatMap(valuesOf).filter((one) => one !== undefined);
    return (wanted as readonly unknown[]).some((one) => matchesOne(one, found));
  });
}

function matchesOne(wanted: unknown, found: readonly unknown[]): boolean {
  if (!isObject(wanted)) return found.includes(wanted);
  if ('exists' in wanted) return wanted['exists'] === found.length > 0;
  const { prefix, numeric } = wanted;
  if (typeof prefix === 'string') return found.some((one) => typeof one === 'string' && one.startsWith(prefix));
  const [operator, limit] = numeric as readonly [string, number];
  expect(operator).toBe('>');
  return found.some((one) => Number(one) > limit);
}

function valuesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MOVED = exampleOf('Artifact Bookmark Moved');
const PROMOTED = exampleOf('Artifact Promoted');

describe('the rule of what was promoted', () => {
  const { repository, items } = detailOf(PROMOTED) as { repository: string; items: readonly { arn: string }[] };
  const id = /:production\/(?<id>[^:]+):/.exec(items[0]?.arn ?? '')?.groups?.['id'] ?? '';
  const rule = propertiesOf('Promoted', { Repository: repository, ArtifactId: id });
  const pattern = rule['EventPattern'] as Json;

  test('is for versions of the artifact, and for promotions of more than are told', () => {
    expect(matches(pattern, PROMOTED)).toBe(true);
    expect(
      matches(pattern, withDetail(PROMOTED, { items: [{ arn: items[0]?.arn.replace(id, 'other') }, ...items] })),
    ).toBe(true);
    expect(matches(pattern, withDetail(PROMOTED, { items: [], count: 21 }))).toBe(true);
  });

  test('is for no other', () => {
    expect(matches(pattern, withDetail(PROMOTED, { repository: 'staging' }))).toBe(false);
    expect(matches(pattern, withDetail(PROMOTED, { items: [{ arn: items[0]?.arn.replace(id, `${id}o`) }] }))).toBe(
      false,
    );
    expect(matches(pattern, MOVED)).toBe(false);
  });

  test('hands over which promotion it was', () => {
    const [target] = rule['Targets'] as readonly { readonly InputTransformer: Json }[];
    expect(target?.InputTransformer['InputPathsMap']).toEqual({ promotion: '$.detail.promotion' });
    const input = String(target?.InputTransformer['InputTemplate']).replace(
      '<promotion>',
      String(detailOf(PROMOTED)['promotion']),
    );
    expect(JSON.parse(input)).toEqual({
      environmentVariablesOverride: [{ name: 'PROMOTION', value: detailOf(PROMOTED)['promotion'] }],
    });
  });
});

describe('the rule of the bookmark', () => {
  const {
    repository = '',
    id = '',
    bookmark = '',
    behind,
  } = detailOf(MOVED) as Record<string, string> & {
    readonly behind: readonly { readonly stackId: string }[];
  };
  const given = { Repository: repository, ArtifactId: id, Bookmark: bookmark };
  const pattern = propertiesOf('Moved', given)['EventPattern'] as Json;

  test('is for the stack that is behind, and where there are more than are told', () => {
    expect(behind.length).toBeGreaterThan(0);
    expect(matches(pattern, MOVED)).toBe(true);
    expect(matches(pattern, withDetail(MOVED, { behind: [], moreBehind: true }))).toBe(true);
  });

  test('is for no other, and not for a bookmark that was deleted', () => {
    expect(matches(pattern, withDetail(MOVED, { behind: [] }))).toBe(false);
    expect(matches(pattern, withDetail(MOVED, { bookmark: 'test' }))).toBe(false);
    expect(matches(pattern, withDetail(MOVED, { to: undefined }))).toBe(false);
    const other = [{ stackId: behind[0]?.stackId.replace(`/${STACK}/`, `/${STACK}-2/`) }];
    expect(matches(pattern, withDetail(MOVED, { behind: other }))).toBe(false);
  });
});

describe('the builds', () => {
  const commandsOf = (project: string): readonly string[] => {
    const given = { Repository: 'production', ArtifactId: 'shop/api' };
    const { BuildSpec: text } = propertiesOf(project, given)['Source'] as { readonly BuildSpec: string };
    const spec = parse(text) as { readonly phases: { readonly build: { readonly commands: readonly string[] } } };
    return spec.phases.build.commands;
  };

  test.each(['SetBookmark', 'Redeploy'])('of %s run commands that there are', (project) => {
    const commands = commandsOf(project).flatMap((line) => line.match(/cfn-artifacts [^>;]*/g) ?? []);
    expect(commands.length).toBeGreaterThan(0);
    const { stdout } = recordedTerminal();
    const style = { width: 80, palette: paletteFor(stdout, {}, 'off') };
    for (const command of commands) {
      const words = command.trim().replaceAll('"', '').split(' ').slice(1);
      expect(parseCommandLine(words, style, () => undefined)?.command).toBeDefined();
    }
  });
});
