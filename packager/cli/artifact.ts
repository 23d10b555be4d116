import type { ArtifactName, Domain, Resolution, Selector, Subject } from '../../repository/index.ts';
import {
  hasCode,
  listVersionNumbers,
  looksLikeArtifactArn,
  parseArn,
  parseSelector,
  resolve,
  samePlace,
} from '../../repository/index.ts';

/**
 * What a person calls an artifact: an ARN, `repository/id…`, or `id…` in the repository of the command. As both may be meant, the full name is tried
 * first. If neither names anything, the failure is that of the artifact that there is; else that of the full name, unless it can't be one.
 */
export async function resolveArtifact(domain: Domain, text: string, repository: string): Promise<Resolution> {
  const inRepository = `${repository}/${text}`;
  try {
    return await resolve(domain, text);
  } catch (error) {
    if (looksLikeArtifactArn(text) || !hasCode(error, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw error;
    try {
      return await resolve(domain, inRepository);
    } catch (second) {
      if (!hasCode(second, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw second;
      if (hasCode(error, 'INVALID_NAME')) throw second;
      throw !(await isThere(domain, parseSelector(text))) && (await isThere(domain, parseSelector(inRepository)))
        ? second
        : error;
    }
  }
}

/**
 * As `resolveArtifact`, but an artifact without more is all of its versions, and content by its digest alone that of any version.
 * @throws ArtifactError the same as `resolveArtifact`
 */
export async function resolveSubject(domain: Domain, text: string, repository: string): Promise<Subject> {
  const readings = readingsOf(domain, text, repository);
  const existing = await firstThere(domain, readings);
  const isWhole = ({ selection, asset, digest }: Selector): boolean =>
    selection === undefined && asset === undefined && digest === undefined;
  if (existing !== undefined && isWhole(existing)) return { repository: existing.repository, id: existing.id };
  const { repository: own, id, digest, arn } = await resolveArtifact(domain, text, repository);
  const isContent = readings.every((reading) => reading.selection === undefined && reading.digest !== undefined);
  // Content is there under any name: the artifact that there is was meant.
  if (isContent) return { repository: existing?.repository ?? own, id: existing?.id ?? id, digest };
  return { repository: own, id, digest, ...(arn.version !== undefined && { number: arn.version }) };
}

async function firstThere(domain: Domain, readings: readonly Selector[]): Promise<Selector | undefined> {
  for (const reading of readings) if (await isThere(domain, reading)) return reading;
  return undefined;
}

/** What the text may mean in this domain; nothing where it means nothing. */
function readingsOf(domain: Domain, text: string, repository: string): readonly Selector[] {
  if (looksLikeArtifactArn(text)) {
    const { version, ...arn } = parseArn(text);
    const selection = version === undefined ? {} : { selection: { by: 'number' as const, number: version } };
    return samePlace(arn, domain) ? [{ ...arn, ...selection }] : [];
  }
  return [text, `${repository}/${text}`].flatMap((full) => {
    try {
      return [parseSelector(full)];
    } catch (error) {
      if (!hasCode(error, 'INVALID_NAME')) throw error;
      return [];
    }
  });
}

async function isThere(domain: Domain, name: ArtifactName): Promise<boolean> {
  for await (const number of listVersionNumbers(domain, name)) return number > 0;
  return false;
}
