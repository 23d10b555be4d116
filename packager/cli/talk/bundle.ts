import type { Bundle } from '../../bundling/bundle.ts';
import type { BundleDraft } from '../../bundling/create.ts';
import type { Listed } from '../../bundling/listing.ts';
import { namesOf } from '../../bundling/listing.ts';
import type { BundledSource, BundleManifest } from '../../bundling/manifest.ts';
import type { Warning } from '../../event.ts';
import type { Unit } from '../../packaging/unit.ts';
import { formatSize } from '../../size.ts';
import { formatPosition, subjectOf } from '../../template/place.ts';
import { printable } from '../../printable.ts';
import { formatFields, formatTable } from './report.ts';

/** What a bundle can't bring, because only a domain knows what it is. */
export function warningsOfNames(root: Unit): readonly Warning[] {
  return namesOf(root).map((name) => ({
    code: 'named-artifact',
    message: `the template names '${name}', which is in a domain and not in the bundle`,
    remedy: 'Publish the bundle where that can be resolved, or name its files by a path.',
  }));
}

export function formatCreated(given: string, { listing, manifest, size }: BundleDraft, sha256: string): string {
  const artifacts = counted(listing.length, 'artifact');
  const texts = counted(manifest.templates.length, 'template');
  return (
    `Wrote ${texts} and ${artifacts} to '${given}' (${formatSize(size)}).\nsha256:${sha256}\n` +
    `Publish it where it is needed:\n  cfn-artifacts bundle publish ${given} --output-template-file packaged.yaml\n`
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** For people. What the bundle's maker has written is made harmless for a terminal. */
export function describeBundle(bundle: Bundle, columns?: number): string {
  const { manifest, listing, root, sha256, size } = bundle;
  const { template, references, parameters, resources } = manifest;
  const fields = formatFields([
    ['Template', printable(template)],
    ['References', references],
    ...(manifest.useJson ? ([['Written as', 'JSON']] as const) : []),
    ...parameters.map(({ name, value }) => ['Parameter', printable(`${name}=${value}`)] as const),
    ...(resources === undefined ? [] : ([['Resources', printable(resources.name)]] as const)),
    ...namesOf(root).map((name) => ['Names', printable(name)] as const),
    ['Size', formatSize(size)],
    ['Digest', `sha256:${sha256}`],
  ]);
  if (listing.length === 0) return `${fields}\nnothing to publish\n`;
  const rows = listing.map((listed): string[] => {
    const source = sourceOf(listed, manifest);
    return [
      listed.id,
      printable(listed.location === '' ? '.' : listed.location),
      listed.kind,
      source === undefined ? '' : formatSize(source.size),
      source === undefined ? '' : `sha256:${source.sha256.slice(0, 12)}`,
    ];
  });
  const table = formatTable(
    [
      { title: 'ARTIFACT' },
      { title: 'PATH', shrinks: true },
      { title: 'KIND' },
      { title: 'SIZE' },
      { title: 'DIGEST' },
    ],
    rows,
    columns,
  );
  return `${fields}\n${table}`;
}

/** The content of what is published as it is; a template's is known where its artifacts are. */
function sourceOf({ artifact: { content } }: Listed, { sources }: BundleManifest): BundledSource | undefined {
  if (content.type !== 'source') return undefined;
  const { location, source } = content;
  return sources.find((one) => one.location === location && one.kind === source.kind);
}

type Described = Pick<Bundle, 'manifest' | 'listing' | 'root' | 'size'>;

/** For scripts. */
export function plainDraft(file: string, draft: BundleDraft, sha256: string): object {
  return { output: file, ...plain(draft, sha256) };
}

export function plainBundle(file: string, bundle: Bundle): object {
  return { bundle: file, ...plain(bundle, bundle.sha256) };
}

function plain({ manifest, listing, root, size }: Described, sha256: string): object {
  const { bundle: format, template, prefix, references, useJson, parameters, templates } = manifest;
  return {
    ...{ format, sha256, size, template, prefix, references, useJson },
    parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
    templates: templates.map(({ location, sha256: digest, size: bytes }) => ({ location, size: bytes, digest })),
    artifacts: listing.map((listed) => ({ ...plainListed(listed, manifest) })),
    names: namesOf(root),
  };
}

function plainListed(listed: Listed, manifest: BundleManifest): object {
  const { id, location, kind, artifact } = listed;
  const source = sourceOf(listed, manifest);
  return {
    ...{ id, location, kind },
    ...(source !== undefined && { filename: source.filename, size: source.size, digest: source.sha256 }),
    places: artifact.places.map((place) => `${formatPosition(place.position)}: ${subjectOf(place)}`),
  };
}
