import { looksLikeArtifactArn, parseArn } from '../arn.ts';
import type { ArtifactName } from '../name.ts';
import { isId, isRepository, isSegment } from '../name.ts';

/** What a stack may declare. */
export type Thing =
  { readonly kind: 'repository'; readonly repository: string } | ({ readonly kind: 'bookmark' } & NamedBookmark);

export interface NamedBookmark extends ArtifactName {
  readonly bookmark: string;
}

export const REPOSITORY_TYPE = 'Custom::ArtifactRepository';
export const BOOKMARK_TYPE = 'Custom::ArtifactBookmark';

/** Bytes; CloudFormation's own limit: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
const ID_LIMIT = 1024;

/** Whether a resource of this type declares something. */
export function isDeclaring(resourceType: string): boolean {
  return resourceType === REPOSITORY_TYPE || resourceType === BOOKMARK_TYPE;
}

/**
 * The physical ID names what is declared, and so the same thing has the same ID for ever: another name is a replacement.
 * @returns `undefined` where it would be longer than CloudFormation takes
 */
export function physicalIdOf(thing: Thing): string | undefined {
  const id =
    thing.kind === 'repository'
      ? `repository:${thing.repository}`
      : `bookmark:${thing.repository}/${thing.id}^${thing.bookmark}`;
  return Buffer.byteLength(id) > ID_LIMIT ? undefined : id;
}

/** What an ID of ours names, of a resource of this type. */
export function thingOfId(resourceType: string, physicalId: string): Thing | undefined {
  const { kind, rest = '' } = /^(?<kind>repository|bookmark):(?<rest>.+)$/.exec(physicalId)?.groups ?? {};
  if (resourceType === REPOSITORY_TYPE && kind === 'repository') return thingOf(resourceType, { Name: rest });
  if (resourceType !== BOOKMARK_TYPE || kind !== 'bookmark') return undefined;
  const [Artifact, Name] = rest.split('^');
  return thingOf(resourceType, { Artifact, Name });
}

/** What a resource with these properties declares. `undefined` where they name nothing. */
export function thingOf(resourceType: string, properties: Readonly<Record<string, unknown>>): Thing | undefined {
  const { Name: name, Artifact: artifact } = properties;
  if (typeof name !== 'string') return undefined;
  if (resourceType === REPOSITORY_TYPE)
    return isRepository(name) ? { kind: 'repository', repository: name } : undefined;
  const named = typeof artifact === 'string' ? artifactIn(artifact) : undefined;
  return named !== undefined && isSegment(name) ? { kind: 'bookmark', ...named, bookmark: name } : undefined;
}

/** Of `repository/id`, or of the ARN of an artifact. */
function artifactIn(text: string): ArtifactName | undefined {
  if (looksLikeArtifactArn(text)) {
    try {
      const { repository, id, version, digest } = parseArn(text);
      return version === undefined && digest === undefined ? { repository, id } : undefined;
    } catch {
      return undefined;
    }
  }
  const slash = text.indexOf('/');
  const [repository, id] = [text.slice(0, Math.max(0, slash)), text.slice(slash + 1)];
  return isRepository(repository) && isId(id) ? { repository, id } : undefined;
}
