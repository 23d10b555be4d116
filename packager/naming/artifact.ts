import type { ArtifactName, Domain, Resolution, Selector, Subject, Version } from '../../repository/index.ts';
import {
  ArtifactError,
  hasCode,
  listArtifacts,
  listVersionNumbers,
  looksLikeArtifactArn,
  parseArn,
  parseSelector,
  resolve,
  resolveManifest,
  resolveWhole,
  samePlace,
} from '../../repository/index.ts';
import { nearRepository } from '../../repository/repositories.ts';

/**
 * What a person calls an artifact: an ARN, `repository/id…`, or `id…` in the repository of the command. As both may be meant, the full name is tried
 * first. If neither names anything, the failure is that of the artifact that there is; else that of the full name, unless it can't be one.
 */
export function resolveArtifact(domain: Domain, text: string, repository: string): Promise<Resolution> {
  return findAs(resolve, domain, text, repository);
}

/** Likewise a version with all of its assets. */
export function resolveVersion(domain: Domain, text: string, repository: string): Promise<Version> {
  return findAs(resolveWhole, domain, text, repository);
}

async function findAs<T>(
  find: (domain: Domain, text: string) => Promise<T>,
  domain: Domain,
  text: string,
  repository: string,
): Promise<T> {
  const inRepository = `${repository}/${text}`;
  try {
    return await find(domain, text);
  } catch (error) {
    if (looksLikeArtifactArn(text) || !hasCode(error, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw error;
    try {
      return await find(domain, inRepository);
    } catch (second) {
      if (!hasCode(second, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw second;
      if (hasCode(error, 'INVALID_NAME')) throw await withRepositoryNear(domain, second, repository);
      const full = parseSelector(text);
      if (await isThere(domain, full)) throw error;
      if (await isThere(domain, parseSelector(inRepository))) throw second;
      if (await isRepository(domain, full)) throw error;
      throw withRemedyOf(await withRepositoryNear(domain, second, repository), error);
    }
  }
}

/** Where nothing is in the repository that the full name would have, names that are near are in the other one. */
function withRemedyOf(helpful: unknown, error: unknown): unknown {
  if (!(helpful instanceof ArtifactError && error instanceof ArtifactError)) return error;
  const { remedy } = helpful;
  return new ArtifactError(error.code, error.message, { ...(remedy !== undefined && { remedy }), cause: error });
}

/** Where nothing is in the repository, its name may be what is wrong. */
async function withRepositoryNear(domain: Domain, error: unknown, repository: string): Promise<unknown> {
  if (!(error instanceof ArtifactError) || (await isRepository(domain, { repository }))) return error;
  const meant = await nearRepository(domain.store, repository);
  if (meant === undefined) return error;
  return new ArtifactError(error.code, error.message, {
    remedy: `Did you mean the repository '${meant}'? Nothing is in '${repository}'.`,
    cause: error,
  });
}

async function isRepository(domain: Domain, { repository }: Pick<ArtifactName, 'repository'>): Promise<boolean> {
  for await (const _ of listArtifacts(domain, repository)) return true;
  return false;
}

/**
 * As `resolveArtifact`, but an artifact without more is all of its versions, and content by its digest alone that of any version.
 * @throws ArtifactError the same as `resolveArtifact`
 */
export async function resolveSubject(domain: Domain, text: string, repository: string): Promise<Subject> {
  const readings = readingsOf(domain, text, repository);
  const existing = await firstThere(domain, readings);
  if (existing !== undefined && isWhole(existing)) return { repository: existing.repository, id: existing.id };
  if (readings.length > 0 && readings.every((reading) => reading.asset === undefined && reading.digest === undefined)) {
    const { manifest } = await resolveVersion(domain, text, repository);
    const { repository: own, id, number, assets } = manifest;
    const [{ digest }] = assets;
    // Of several assets none stands for the version.
    return { repository: own, id, number, ...(assets.length === 1 && { digest }) };
  }
  const { repository: own, id, digest, arn } = await resolveArtifact(domain, text, repository);
  // Content is there under any name: the artifact that there is was meant.
  if (isContent(readings)) return { repository: existing?.repository ?? own, id: existing?.id ?? id, digest };
  return { repository: own, id, digest, ...(arn.version !== undefined && { number: arn.version }) };
}

/**
 * As `resolveSubject`, for what is done to versions with all of their assets: an artifact, one version of it, or those that hold some content.
 * @throws ArtifactError the same as `resolveArtifact`; INVALID_ARGUMENT where one asset is named
 */
export async function resolveVersions(domain: Domain, text: string, repository: string): Promise<Subject> {
  const readings = readingsOf(domain, text, repository);
  const asset = readings.find((reading) => reading.asset !== undefined)?.asset;
  if (asset !== undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${text}' names one asset, and a version goes with all of them`, {
      remedy: `Name the version without '#${asset}'.`,
    });
  }
  const existing = await firstThere(domain, readings);
  if (existing !== undefined && (isWhole(existing) || isContent([existing]))) {
    const { digest } = isWhole(existing) ? {} : await resolveArtifact(domain, text, repository);
    return { repository: existing.repository, id: existing.id, ...(digest !== undefined && { digest }) };
  }
  // Of content under a name that nobody has, the name is what is wrong.
  const wanted = isContent(readings) ? text.replace(/@sha256:.*$/, '') : text;
  const { repository: own, id, number } = await findAs(resolveManifest, domain, wanted, repository);
  return { repository: own, id, number };
}

/** All versions of an artifact. */
function isWhole({ selection, asset, digest }: Selector): boolean {
  return selection === undefined && asset === undefined && digest === undefined;
}

/** Content by what it is; whatever the text may mean. */
function isContent(readings: readonly Selector[]): boolean {
  return (
    readings.length > 0 && readings.every(({ selection, digest }) => selection === undefined && digest !== undefined)
  );
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
