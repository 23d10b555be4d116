import { sha256 } from '../../repository/index.ts';
import type { ObjectStore } from '../../repository/index.ts';
import { findLabel } from '../../repository/label.ts';
import { blobKey, versionPrefix, versionReferenceKey } from '../../repository/keys.ts';
import { readManifest } from '../../repository/version.ts';
import { keysIn } from './keys-in.ts';
import { NAME } from './publish-stubbornly.ts';
import type { Got, Wanted } from './publish-stubbornly.ts';

export const PUBLISHERS = 50;

/** Who wants what. Text and label are told by the number of the publisher, where everybody has his own. */
export const ROUNDS: Readonly<Record<string, (publisher: number) => Wanted>> = {
  'different content': (publisher) => ({ text: `content ${publisher}` }),
  'different content under different labels': (publisher) => ({
    text: `content ${publisher}`,
    label: `1.0.${publisher}`,
  }),
  'different content under one label': (publisher) => ({ text: `content ${publisher}`, label: '1.0.0' }),
  'one content under one label': () => ({ text: 'content', label: '1.0.0' }),
};

/** What is not as it must be when all are done. Each number is a version then, so that there is no gap to be explained. */
export async function wrongIn(
  store: ObjectStore,
  wanted: (publisher: number) => Wanted,
  got: readonly Got[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const wishes = got.map((_, publisher) => wanted(publisher));
  const contents = new Set(wishes.map(({ text }) => text)).size;
  const isOneLabel = wishes[0]?.label !== undefined && wishes.every(({ label }) => label === wishes[0]?.label);
  const versions = isOneLabel ? 1 : contents;
  const listed = (await keysIn(store, versionPrefix(NAME))).length;
  if (listed !== versions) wrong.push(`${listed} versions of ${versions}`);
  const published = got.filter((one) => one !== 'LABEL_TAKEN');
  const distinct = new Set(published);
  if (distinct.size !== versions || Math.max(...published) !== versions)
    wrong.push(`numbers up to ${Math.max(...published)}, ${distinct.size} of them, of ${versions}`);
  const winners = isOneLabel && contents > 1 ? 1 : got.length;
  if (published.length !== winners) wrong.push(`${published.length} published, of ${winners}`);
  for (const [publisher, number] of got.entries()) {
    if (number !== 'LABEL_TAKEN') wrong.push(...(await wrongWith(store, wanted(publisher), number)));
  }
  return wrong;
}

/** What is wrong with the version that somebody was told is his. */
async function wrongWith(store: ObjectStore, { text, label }: Wanted, number: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  const manifest = await readManifest({ store }, NAME, number);
  if (manifest === undefined) return [`version ${number} does not exist`];
  const [{ digest, filename }] = manifest.assets;
  if (digest !== sha256(text)) wrong.push(`version ${number} is other content`);
  if (manifest.labels?.join() !== label) wrong.push(`version ${number} has other labels`);
  if ((await store.head(blobKey(digest, filename))) === undefined) wrong.push(`version ${number} has no content`);
  if ((await store.head(versionReferenceKey(digest, NAME, number, manifest.nonce))) === undefined)
    wrong.push(`version ${number} holds nothing`);
  const labelled = label === undefined ? undefined : await findLabel({ store }, NAME, label);
  if (label !== undefined && labelled?.manifest.number !== number) wrong.push(`the label '${label}' is another's`);
  return wrong;
}
