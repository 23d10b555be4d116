import type { Domain } from './domain.ts';
import { ArtifactError } from './error.ts';
import { listBookmarks } from './bookmark-record.ts';
import { labelPrefix } from './keys.ts';
import { isGiven } from './label-record.ts';
import { formatArtifactName } from './name.ts';
import type { ArtifactName, Selection } from './name.ts';
import { nearest } from './nearest.ts';
import type { ObjectStore } from './object-store.ts';
import { listArtifacts, listVersionNumbers, readVersion } from './version.ts';

/** So many names help; more of them hide each other. */
const SUGGESTIONS = 3;
/** So many are looked at for one that is near. */
const LOOKED_AT = 1000;

/** That an artifact has no such version, or there is no such artifact; with names that are near. */
export async function notFound(domain: Domain, name: ArtifactName, selection: Selection): Promise<ArtifactError> {
  const what = formatArtifactName(name);
  const versions = await firstOf(versionsWithStatus(domain, name));
  if (versions.length > 0) {
    return new ArtifactError('ARTIFACT_NOT_FOUND', `'${what}' has no ${described(selection)}`, {
      remedy: `${await alternatives(domain, name, selection)}Its ${versions.length === 1 ? 'only version is' : 'newest versions are'} ${versions.join(', ')}.`,
    });
  }
  const near = await artifactsNear(domain, name);
  return new ArtifactError(
    'ARTIFACT_NOT_FOUND',
    `there is no artifact '${what}' in the domain of account ${domain.account} in ${domain.region}`,
    {
      remedy: near.length > 0 ? `There is ${near.join(', ')}.` : "'cfn-artifacts list' shows what there is.",
    },
  );
}

/** The one that was probably meant, if there is one, and those that begin likewise. */
async function artifactsNear(domain: Domain, name: ArtifactName): Promise<readonly string[]> {
  const { repository } = name;
  const ids = (await firstOf(listArtifacts(domain, repository), LOOKED_AT)).map(({ id }) => id);
  const meant = nearest(name.id, ids);
  const near = meant === undefined ? undefined : formatArtifactName({ repository, id: meant });
  const [top = ''] = name.id.split('/');
  const alike = (await firstOf(listArtifacts(domain, repository, top.slice(0, 3)))).map(formatArtifactName);
  return [...new Set([...(near === undefined ? [] : [near]), ...alike])].slice(0, SUGGESTIONS);
}

/** `3`, `2 (Deleted)`: what is not said is Published. */
async function* versionsWithStatus(domain: Domain, name: ArtifactName): AsyncGenerator<string> {
  for await (const number of listVersionNumbers(domain, name)) {
    const status = (await readVersion(domain, name, number))?.status;
    if (status !== undefined) yield status === 'Published' ? String(number) : `${number} (${status})`;
  }
}

function described(selection: Selection): string {
  switch (selection.by) {
    case 'number':
      return `version ${selection.number}`;
    case 'latest':
      return 'version that is Published';
    case 'label':
      return `label '${selection.label}'`;
    case 'range':
      return `label in the range '${selection.range}' of a version that is Published`;
    case 'bookmark':
      return `bookmark '${selection.bookmark}'`;
  }
}

/** What else of the kind that was asked for there is: a sentence and a space. */
async function alternatives({ store }: Domain, name: ArtifactName, selection: Selection): Promise<string> {
  switch (selection.by) {
    case 'latest':
    case 'number':
      return '';
    case 'range':
      return told('label', await firstOf(labelsOf(store, name)));
    case 'label':
      return told('label', await likeliest(selection.label, labelsOf(store, name)));
    case 'bookmark':
      return told('bookmark', await likeliest(selection.bookmark, bookmarksOf(store, name)));
  }
}

function told(kind: string, names: readonly string[]): string {
  return names.length === 0 ? `It has no ${kind}s. ` : `It has ${names.map((one) => `'${one}'`).join(', ')}. `;
}

/** What was probably meant comes first, then others. */
async function likeliest(word: string, names: AsyncIterable<string>): Promise<readonly string[]> {
  const known = await firstOf(names, LOOKED_AT);
  const near = nearest(word, known);
  return [...new Set([...(near === undefined ? [] : [near]), ...known])].slice(0, SUGGESTIONS);
}

async function* labelsOf(store: ObjectStore, name: ArtifactName): AsyncGenerator<string> {
  const prefix = labelPrefix(name);
  for await (const { key } of store.list(prefix)) {
    const label = key.slice(prefix.length);
    if (isGiven(label)) yield label;
  }
}

async function* bookmarksOf(store: ObjectStore, name: ArtifactName): AsyncGenerator<string> {
  for await (const { bookmark } of listBookmarks(store, name)) yield bookmark;
}

async function firstOf<T>(all: AsyncIterable<T>, limit: number = SUGGESTIONS): Promise<readonly T[]> {
  const first: T[] = [];
  for await (const one of all) if (first.push(one) === limit) break;
  return first;
}
