import { headBlob, missing } from '../blob.ts';
import type { Domain } from '../domain.ts';
import { ArtifactError, ArtifactErrors, refuse } from '../error.ts';
import { requireFree } from '../label.ts';
import type { ArtifactName } from '../name.ts';
import { formatArtifactName, parseSegment } from '../name.ts';
import { requireRepository } from '../repositories.ts';
import { findSameVersion, samenessOf } from '../same-version.ts';
import { exists, refusedReference } from '../status.ts';
import type { Manifest } from '../version.ts';
import { assetName, readVersion } from '../version.ts';
import { formatVersion } from './record.ts';
import type { ChosenItem, OpenEvidence } from './request.ts';
import { evidenceDigests } from './request.ts';
import { underWay } from './withdraw.ts';

interface Wanted {
  readonly repository: string;
  readonly items: readonly ChosenItem[];
  readonly evidence: OpenEvidence;
}

/**
 * Everything that forbids a promotion, as far as looking tells, before anything is written.
 * @returns for each item the version that is the same in the other repository already, if there is one
 * @throws ArtifactErrors with all problems at once
 */
export async function requirePromotable(domain: Domain, wanted: Wanted): Promise<readonly (Manifest | undefined)[]> {
  const { repository, items, evidence } = wanted;
  const problems: ArtifactError[] = [...sameTargets(repository, items), ...(await refusals(domain, wanted))];
  const looked = await Promise.all(
    items.map(async (item) => {
      const own = [...sameRepository(repository, item), ...namesOf(item, evidence), ...(await ofSource(domain, item))];
      const found = own.length > 0 ? { problems: [] } : await inTarget(domain, repository, item, evidence);
      return { ...found, problems: [...own, ...found.problems] };
    }),
  );
  problems.push(...looked.flatMap((one) => one.problems));
  refuse(problems);
  return looked.map((one) => ('existing' in one ? one.existing : undefined));
}

/** What the repository itself refuses: it is not there, or takes nothing from where this comes from. */
async function refusals(domain: Domain, { repository, items, evidence }: Wanted): Promise<readonly ArtifactError[]> {
  const sources = [...new Set(items.map(({ source }) => source.repository))];
  const hasEvidence = evidence.told.length > 0;
  const found = await Promise.all(
    sources.map((promotedFrom) =>
      problemsOf(() => requireRepository(domain, repository, { promotedFrom, hasEvidence })),
    ),
  );
  // That it is not there is said once, wherever it is promoted from.
  const all = found.flat();
  return all.filter(({ message }, index) => all.findIndex((one) => one.message === message) === index);
}

function sameTargets(repository: string, items: readonly ChosenItem[]): readonly ArtifactError[] {
  const ids = items.map(({ id }) => id);
  const twice = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
  return twice.map(
    (id) =>
      new ArtifactError(
        'INVALID_ARGUMENT',
        `${items
          .filter((item) => item.id === id)
          .map(({ source }) => `'${formatVersion(source)}'`)
          .join(' and ')} would both become '${repository}/${id}'`,
        { remedy: 'Promote them one after the other: each becomes a version of its own.' },
      ),
  );
}

function sameRepository(repository: string, { source }: ChosenItem): readonly ArtifactError[] {
  if (source.repository !== repository) return [];
  return [
    new ArtifactError('INVALID_ARGUMENT', `'${formatVersion(source)}' is in the repository '${repository}' already`, {
      remedy: 'Name another repository to promote it to.',
    }),
  ];
}

/** Whether what is chosen is there, and can be called as it is to be called. */
function namesOf({ source, assets, unknown }: ChosenItem, evidence: OpenEvidence): readonly ArtifactError[] {
  const what = formatVersion(source);
  const has = source.assets.map(({ name }) => `'${name}'`).join(', ');
  const missingOnes = unknown.map(
    (name) => new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has no asset '${name}', only ${has}`),
  );
  const names = [
    ...assets.map(({ as }) => as),
    ...evidence.assets.map(({ publishable }) => assetName(publishable.filename)),
  ];
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) =>
      new ArtifactError('INVALID_ARGUMENT', `two assets of what '${what}' becomes would be called '${name}'`, {
        remedy: 'Give each a name of its own: NAME=NEWNAME. A file of evidence has the name of its file.',
      }),
  );
  const invalid = assets.flatMap(({ as }) => problemOf(() => parseSegment('asset name', as)));
  const none =
    assets.length > 0 || unknown.length > 0
      ? []
      : [
          new ArtifactError('INVALID_ARGUMENT', `nothing of '${what}' is chosen`, {
            remedy: 'Name an asset that it has.',
          }),
        ];
  return [...missingOnes, ...invalid, ...twice, ...none];
}

/** Whether the version may be promoted, and its content is there. */
async function ofSource(domain: Domain, { source, assets }: ChosenItem): Promise<readonly ArtifactError[]> {
  const what = formatVersion(source);
  const version = await readVersion(domain, source, source.number);
  if (version?.manifest.nonce !== source.nonce)
    return [new ArtifactError('ARTIFACT_NOT_FOUND', `there is no version '${what}'`)];
  const { status } = version;
  if (status === 'Archived' || !exists(status))
    return [refusedReference(what, status, 'Promote another version, or publish it again.')];
  if (version.pending !== undefined) return [underWay(version.manifest)];
  const heads = await Promise.all(assets.map(({ asset }) => headBlob(domain.store, asset)));
  return assets.flatMap(({ asset }, index) => (heads[index] === undefined ? [missing(asset)] : []));
}

/** What stands in the way where it is promoted to, and the version that is the same there. */
async function inTarget(
  domain: Domain,
  repository: string,
  { assets, id, labels, source }: ChosenItem,
  evidence: OpenEvidence,
): Promise<{ readonly problems: readonly ArtifactError[]; readonly existing?: Manifest }> {
  const target = { repository, id };
  const [first, ...rest] = assets.map(({ asset: { digest }, as, filename }) => ({ name: as, digest, filename }));
  if (first === undefined) return { problems: [] };
  const same = samenessOf([first, ...rest]);
  const [refused, existing] = await Promise.all([
    problemsOf(async () => {
      await requireFree(domain, target, labels, same.content);
    }),
    findSameVersion(domain, target, same),
  ]);
  const taken = refused.map((one) => withWayOut(one, id));
  if (existing === undefined) return { problems: taken };
  const { manifest, status } = existing;
  const problems = [...taken];
  if (status === 'Archived') problems.push(refusedReference(formatVersion(manifest), status, ARCHIVED));
  const lacks = evidenceDigests(evidence).some((digest) => !manifest.assets.some((asset) => asset.digest === digest));
  if (lacks) problems.push(withoutEvidence(manifest, source));
  return { problems, existing: manifest };
}

const ARCHIVED = 'Set its status back to Published: it has this content, and nothing is there twice.';

/** What proves something of a version comes to be with it, and can't be added. */
function withoutEvidence(manifest: Manifest, source: ArtifactName): ArtifactError {
  return new ArtifactError(
    'INVALID_ARGUMENT',
    `what is promoted of '${formatArtifactName(source)}' is '${formatVersion(manifest)}' already, which has other evidence`,
    {
      remedy:
        'A file of evidence comes to be with its version. Name it by a URL: that stands in the record of the promotion alone.',
    },
  );
}

/** Labels are promoted as they are, unless another one is named. */
function withWayOut(error: ArtifactError, id: string): ArtifactError {
  const { code, message, remedy = '' } = error;
  if (code !== 'LABEL_TAKEN') return error;
  const way = `Alone, it is promoted with another one by '--as ${id}:LABEL'.`;
  return new ArtifactError(code, message, { remedy: `${remedy} ${way}`.trimStart(), cause: error });
}

async function problemsOf(look: () => Promise<void>): Promise<readonly ArtifactError[]> {
  try {
    await look();
    return [];
  } catch (error) {
    if (error instanceof ArtifactErrors) return error.problems;
    if (error instanceof ArtifactError && FORESEEN.includes(error.code)) return [error];
    throw error;
  }
}

/** What says something of the request, not of the store. */
const FORESEEN: readonly string[] = ['REPOSITORY_NOT_FOUND', 'ORIGIN_REFUSED', 'LABEL_TAKEN'];

function problemOf(parse: () => unknown): readonly ArtifactError[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ArtifactError) return [error];
    throw error;
  }
}
