import { expandAhead } from '../../../repository/ahead.ts';
import type { Domain, DomainPlace, Resolution } from '../../../repository/index.ts';
import {
  ArtifactError,
  contentAssets,
  formatArn,
  formatArtifactName,
  keyOf,
  placeOfKey,
  samePlace,
} from '../../../repository/index.ts';
import { refuse } from '../../../repository/error.ts';
import { domainBucket } from '../../../repository/domain.ts';
import { problemsOf } from '../../packaging/problems.ts';
import { formatSize } from '../../size.ts';
import { resolveArtifact, resolveVersion } from '../../naming/artifact.ts';
import { openerOf } from '../at-home.ts';
import { namesContent } from '../../naming/named-version.ts';
import type { Elsewhere } from '../../opening/opening.ts';
import type { Replicable } from '../../opening/replication.ts';
import { bring, placesOf, requireFindable } from '../../opening/replication.ts';
import type { ReplicateOptions } from '../syntax/replicate.ts';
import { writeJson, writeJsonList } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** So much is fetched at once, all domains together. */
const AT_ONCE = 8;

/** Content, its home, and who asks others to take it over. */
interface AtHome extends Replicable {
  readonly home: Domain;
  /** As its home has it. */
  readonly key: string;
  readonly elsewhere: Elsewhere;
}

interface Replica {
  readonly blob: AtHome;
  readonly place: DomainPlace;
  readonly bucket: string;
  readonly key: string;
  /** `home`: it has never been anywhere else. */
  readonly outcome: 'copied' | 'reused' | 'home';
}

/**
 * Brings versions to the domains of other regions and accounts. All are looked up at home before the first is brought anywhere; what can't be brought to one domain keeps back
 * nothing else.
 * @throws ArtifactErrors of everything that was not brought, behind what was
 */
export async function run(options: ReplicateOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { json, quiet } = options;
  const blobs = await lookUp(options, terminal);
  const problems: ArtifactError[] = [];
  const replicas = replicateAll(blobs, options, problems, terminal.signal);
  if (json) await writeJsonList(terminal, 'replicas', plainOf(replicas));
  else {
    for await (const replica of replicas) if (!quiet) terminal.stdout.write(`${lineOf(replica)}\n`);
  }
  refuse(toldOnce(problems));
  if (json) writeJson(terminal, { warnings: warnings.all() });
}

/** Each content once. @throws ArtifactErrors of all that names nothing */
async function lookUp(options: ReplicateOptions, terminal: Terminal): Promise<readonly AtHome[]> {
  const open = openerOf(options, 'read', terminal);
  const looked = await Promise.allSettled(
    options.artifacts.map(async (text) => {
      const opened = await open(text);
      const elsewhere = requireFindable(opened);
      return (await contentNamed(opened.domain, text, options.repository)).map((blob) => ({ ...blob, elsewhere }));
    }),
  );
  refuse(looked.flatMap((one) => (one.status === 'rejected' ? problemsOf(one.reason) : [])));
  const found = looked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  return [...new Map(found.map((blob) => [blob.arn, blob])).values()];
}

/** What a stack may use of it; what proves something of a version stays at home. */
async function contentNamed(
  domain: Domain,
  text: string,
  repository: string,
): Promise<readonly Omit<AtHome, 'elsewhere'>[]> {
  if (namesContent(text, repository)) {
    const found = await resolveArtifact(domain, text, repository);
    const { arn, key, filename, digest, size } = found;
    const blob = { arn: formatArn(arn), filename, digest, size, home: domain, key: placeOfKey(domain, key).key };
    return [{ name: nameOf(found), ...blob }];
  }
  const { manifest } = await resolveVersion(domain, text, repository);
  const { partition, region, account } = domain;
  const { repository: of, id, number: version } = manifest;
  const assets = contentAssets(manifest);
  return assets.map((asset) => ({
    name: `${formatArtifactName(manifest)}:${version}${assets.length === 1 ? '' : `#${asset.name}`}`,
    arn: formatArn({ partition, region, account, repository: of, id, version, digest: asset.digest }),
    ...{ filename: asset.filename, digest: asset.digest, size: asset.size, home: domain },
    key: placeOfKey(domain, keyOf(asset)).key,
  }));
}

/** `default/shop/api:3`, with `#asset` where it is one of several; content without a version by its digest. */
function nameOf({ digest, manifest, ...name }: Resolution): string {
  const artifact = formatArtifactName(name);
  if (manifest === undefined) return `${artifact}@sha256:${digest}`;
  const assets = contentAssets(manifest);
  const asset = assets.find((one) => one.digest === digest && one.filename === name.filename);
  return `${artifact}:${manifest.number}${asset === undefined || assets.length === 1 ? '' : `#${asset.name}`}`;
}

/** @param problems takes what was not brought */
async function* replicateAll(
  blobs: readonly AtHome[],
  { to }: ReplicateOptions,
  problems: ArtifactError[],
  signal: AbortSignal,
): AsyncGenerator<Replica> {
  async function* pairs(): AsyncGenerator<{ readonly blob: AtHome; readonly place: DomainPlace }> {
    for (const blob of blobs) for (const place of placesOf(to, blob.elsewhere)) yield { blob, place };
  }
  const done = expandAhead(pairs(), AT_ONCE, async function* ({ blob, place }) {
    signal.throwIfAborted();
    try {
      yield await replicate(blob, place);
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  });
  yield* done;
  signal.throwIfAborted();
}

async function replicate(blob: AtHome, place: DomainPlace): Promise<Replica> {
  const { home, elsewhere } = blob;
  if (samePlace(place, home)) return { blob, place, bucket: home.bucket, key: blob.key, outcome: 'home' };
  requireReachable(blob, place);
  const { key, arrival } = await bring(elsewhere, blob, place);
  return { blob, place, bucket: domainBucket(place), key, outcome: arrival === 'reused' ? 'reused' : 'copied' };
}

/** @throws ArtifactError INVALID_ARGUMENT: nothing is fetched from another partition */
function requireReachable({ name, home }: AtHome, { partition, region }: DomainPlace): void {
  if (partition === home.partition) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${name}' is at home in the partition ${home.partition}, and ${region} is of ${partition}: nobody there can fetch it`,
    {
      remedy:
        "Carry it over: 'cfn-artifacts bundle create' here, 'cfn-artifacts bundle publish' with credentials of there.",
    },
  );
}

/** A domain that is not there is missing for all that was to be brought to it. */
function toldOnce(problems: readonly ArtifactError[]): readonly ArtifactError[] {
  return problems.filter(
    ({ code, message }, index) => problems.findIndex((one) => one.code === code && one.message === message) === index,
  );
}

function lineOf({ blob, place: { account, region }, outcome }: Replica): string {
  const { name, size, elsewhere } = blob;
  const where = account === elsewhere.account ? region : `${account}/${region}`;
  switch (outcome) {
    case 'copied':
      return `${name} → ${where}: copied (${formatSize(size)})`;
    case 'reused':
      return `${name} → ${where}: already there`;
    case 'home':
      return `${name} → ${where}: at home there`;
  }
}

async function* plainOf(replicas: AsyncIterable<Replica>): AsyncGenerator<object> {
  for await (const { blob, place, bucket, key, outcome } of replicas) {
    const { arn, filename, digest, size } = blob;
    const { account, region } = place;
    yield { arn, filename, digest, size, account, region, bucket, key, outcome };
  }
}
