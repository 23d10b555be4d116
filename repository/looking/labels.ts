import type { Domain } from '../domain.ts';
import { labelPrefix } from '../keys.ts';
import type { LabelRecord } from '../label.ts';
import { findLabel, labelOfSet, listLabels, readLabel } from '../label.ts';
import { matchesSegment } from '../collecting/pattern.ts';
import { contentId } from '../manifest.ts';
import type { ArtifactName } from '../name.ts';
import { isSegment } from '../name.ts';
import type { Unreadable } from '../unreadable.ts';
import { readable } from '../unreadable.ts';
import type { Manifest, Version } from '../version.ts';

/** So many labels of an artifact are read to be shown; where it has more, those with which its versions were published are looked at. */
const SHOWN = 200;

/** Which labels versions have. Of one artifact, and read once. */
export class Labels {
  readonly #domain: Pick<Domain, 'store'>;
  readonly #name: ArtifactName;
  readonly #unreadable: Unreadable | undefined;
  /** Absent where there are too many. */
  #all: Promise<readonly { readonly label: string; readonly record: LabelRecord }[] | undefined> | undefined;

  /** @param unreadable told of labels that can't be read; absent: they are a failure, UNSUPPORTED_FORMAT */
  constructor(domain: Pick<Domain, 'store'>, { repository, id }: ArtifactName, unreadable?: Unreadable) {
    this.#domain = domain;
    this.#name = { repository, id };
    this.#unreadable = unreadable;
  }

  /**
   * Those that stand for this version, as text in their order. Of an artifact with more than 200 labels one is left out with which the version was not published, but that it got
   * later.
   */
  async of(manifest: Manifest): Promise<readonly string[]> {
    this.#all ??= this.#readAll();
    const all = (await this.#all) ?? (await this.#told(manifest));
    const content = contentId(manifest.assets, manifest.set);
    const own = all.filter(({ label, record }) => {
      const isIts = record.number === manifest.number || manifest.labels?.includes(label) === true;
      return isIts && (record.content === undefined || record.content === content);
    });
    return own.map(({ label }) => label);
  }

  async #readAll(): Promise<readonly { readonly label: string; readonly record: LabelRecord }[] | undefined> {
    const keys: string[] = [];
    for await (const { key } of this.#domain.store.list(labelPrefix(this.#name), { limit: SHOWN + 1 })) keys.push(key);
    if (keys.length > SHOWN) return undefined;
    const all: { readonly label: string; readonly record: LabelRecord }[] = [];
    for await (const one of listLabels(this.#domain, this.#name, this.#unreadable)) all.push(one);
    return all;
  }

  /** By what the version says itself. */
  async #told({
    labels = [],
    set,
  }: Manifest): Promise<readonly { readonly label: string; readonly record: LabelRecord }[]> {
    const candidates = new Set([...labels, ...(set === undefined ? [] : [set.label, labelOfSet(set)])]);
    const read = await Promise.all(
      [...candidates].sort().map(async (label) => {
        const record = await readable(this.#unreadable, () => readLabel(this.#domain.store, this.#name, label));
        return { label, record };
      }),
    );
    return read.flatMap(({ label, record }) => (record === undefined ? [] : [{ label, record }]));
  }
}

/**
 * The versions whose labels match a pattern, in which `*` stands for any characters, newest first.
 * @param unreadable told of labels and versions that can't be read; absent: they are a failure, UNSUPPORTED_FORMAT
 */
export async function labelledVersions(
  domain: Pick<Domain, 'store'>,
  name: ArtifactName,
  pattern: string,
  unreadable?: Unreadable,
): Promise<readonly Version[]> {
  const prefix = labelPrefix(name);
  const [literal = ''] = pattern.split('*');
  const found = new Map<number, Version>();
  for await (const { key } of domain.store.list(`${prefix}${literal}`)) {
    const label = key.slice(prefix.length);
    // What is no label by its name stands there for other ends.
    if (!isSegment(label) || !matchesSegment(pattern, label)) continue;
    const version = await readable(unreadable, () => findLabel(domain, name, label));
    if (version !== undefined) found.set(version.manifest.number, version);
  }
  return [...found.values()].sort((a, b) => b.manifest.number - a.manifest.number);
}
