import type { DomainPlace } from '../arn.ts';
import { looksLikeArtifactArn, parseArn, samePlace } from '../arn.ts';
import { ArtifactError, refuse } from '../error.ts';
import { DEFAULT_REPOSITORY, formatArtifactName, isSegment, isVersionNumber } from '../name.ts';
import type { Settings } from '../settings.ts';
import { problemsOfSettings } from '../settings-problems.ts';
import { shownValue } from '../shown.ts';
import type { Thing } from './thing.ts';
import { BOOKMARK_TYPE, physicalIdOf, REPOSITORY_TYPE, thingOf } from './thing.ts';

/** What a resource declares, all of it. */
export type Declared =
  | (Thing & { readonly kind: 'repository'; readonly settings: Settings })
  | (Thing & { readonly kind: 'bookmark'; readonly version: NamedVersion });

/** How a template names the version of a bookmark. `number` may come with a digest that it must have. */
export type NamedVersion = { readonly number: number; readonly digest?: string } | { readonly label: string };

type Members = Readonly<Record<string, unknown>>;

const OF_ALL = ['ServiceToken', 'ServiceTimeout', 'Name'];
const OWN: Readonly<Record<string, readonly string[]>> = {
  [REPOSITORY_TYPE]: ['Description', 'AcceptsFrom', 'RequiresEvidence', 'Lifecycle'],
  [BOOKMARK_TYPE]: ['Artifact', 'Version'],
};

/**
 * Strict: what is not known may have been meant to keep something. CloudFormation makes texts of all scalars.
 * @throws ArtifactErrors with every problem that there is
 */
export function parseDeclared(resourceType: string, properties: Members, place: DomainPlace): Declared {
  const known = [...OF_ALL, ...(OWN[resourceType] ?? [])];
  const unknown = Object.keys(properties).filter((name) => !known.includes(name));
  const problems = unknown.map((name) =>
    invalid(`the resource has no property '${name}'`, `There is ${known.slice(2).join(', ')}.`),
  );
  const thing = thingOf(resourceType, properties);
  if (thing === undefined) problems.push(...nameless(resourceType, properties));
  else if (physicalIdOf(thing) === undefined)
    problems.push(invalid('the names of the artifact and the bookmark are too long for CloudFormation'));
  if (thing?.kind === 'repository' && thing.repository === DEFAULT_REPOSITORY) {
    problems.push(
      invalid(`the repository '${DEFAULT_REPOSITORY}' is always there, and no stack's`, 'Declare one of another name.'),
    );
  }
  const settings = resourceType === REPOSITORY_TYPE ? settingsOf(properties, problems) : undefined;
  const version = resourceType === BOOKMARK_TYPE ? versionOf(properties, thing, place, problems) : undefined;
  refuse(problems);
  if (thing?.kind === 'repository' && settings !== undefined) return { ...thing, settings };
  if (thing?.kind === 'bookmark' && version !== undefined) return { ...thing, version };
  throw invalid(`'${resourceType}' declares nothing`);
}

function nameless(resourceType: string, { Name, Artifact }: Members): readonly ArtifactError[] {
  if (resourceType === REPOSITORY_TYPE) {
    const rule = "2 to 63 of a-z, 0-9, '.', '_' and '-', the first a letter or digit";
    return [invalid(`'Name' is ${shown(Name)}, and no name of a repository: ${rule}`)];
  }
  const isNamed = typeof Name === 'string' && isSegment(Name);
  const isArtifact = thingOf(BOOKMARK_TYPE, { Artifact, Name: 'x' }) !== undefined;
  return [
    ...(isNamed ? [] : [invalid(`'Name' is ${shown(Name)}, and no name of a bookmark: one segment of an ID`)]),
    ...(isArtifact
      ? []
      : [invalid(`'Artifact' is ${shown(Artifact)}, and neither 'repository/id' nor the ARN of an artifact`)]),
  ];
}

/** Of a stack's repository they are what its template says, and nothing else. */
function settingsOf(properties: Members, problems: ArtifactError[]): Settings {
  const {
    Description: description,
    AcceptsFrom: acceptsFrom,
    RequiresEvidence: evidence,
    Lifecycle: rules = [],
  } = properties;
  const settings = {
    lifecycle: Array.isArray(rules) ? rules.map(withNumbers) : rules,
    ...(description !== undefined && { description }),
    ...(acceptsFrom !== undefined && { acceptsFrom }),
    ...(evidence !== undefined && { requiresEvidence: booleanIn(evidence) }),
  };
  const repository = typeof properties['Name'] === 'string' ? properties['Name'] : '';
  for (const { message, remedy, path } of problemsOfSettings(settings, repository)) {
    const where = path.length > 1 && typeof path[1] === 'number' ? `rule ${path[1] + 1} of 'Lifecycle': ` : '';
    problems.push(invalid(`${where}${message}`, remedy));
  }
  return settings as Settings;
}

function booleanIn(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}

/** What is a number in a file of rules came as a text. */
function withNumbers(rule: unknown): unknown {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return rule;
  const members = Object.entries(rule as Members).map(([name, value]) => {
    const isNumber =
      /^(?:keepNewest|keepBookmarkedDays|expireUnusedDays)$/.test(name) && /^\d{1,9}$/.test(String(value));
    return [name, isNumber ? Number(value) : value] as const;
  });
  return Object.fromEntries(members);
}

function versionOf(
  { Version: given }: Members,
  thing: Thing | undefined,
  place: DomainPlace,
  problems: ArtifactError[],
): NamedVersion | undefined {
  const text = typeof given === 'number' ? String(given) : given;
  if (typeof text === 'string' && looksLikeArtifactArn(text)) return versionInArn(text, thing, place, problems);
  if (typeof text === 'string' && isVersionNumber(text)) return { number: Number(text) };
  if (typeof text === 'string' && isSegment(text) && !/^\d+$/.test(text) && text !== 'latest') return { label: text };
  problems.push(
    invalid(
      `'Version' is ${shown(given)}, and no version`,
      "Write its number, its label or its ARN: what 'latest' means changes without the template.",
    ),
  );
  return undefined;
}

function versionInArn(
  text: string,
  thing: Thing | undefined,
  place: DomainPlace,
  problems: ArtifactError[],
): NamedVersion | undefined {
  try {
    const { repository, id, version, asset, digest, ...where } = parseArn(text);
    const isOfArtifact = thing?.kind !== 'bookmark' || (thing.repository === repository && thing.id === id);
    const isDefinite = version !== undefined && asset === undefined;
    if (!samePlace(where, place)) problems.push(invalid(`'Version' is of another domain: '${text}'`));
    else if (!isOfArtifact)
      problems.push(invalid(`'Version' is of '${formatArtifactName({ repository, id })}', another artifact`));
    else if (!isDefinite) problems.push(invalid(`'Version' names no version: '${text}'`));
    else return { number: version, ...(digest !== undefined && { digest }) };
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    problems.push(error);
  }
  return undefined;
}

const shown = (value: unknown): string => shownValue(value, 'missing');

function invalid(message: string, remedy?: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, remedy === undefined ? {} : { remedy });
}
