import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ArtifactName, AskKeeper, Domain, Publication } from '../../repository/index.ts';
import { ArtifactError, bytesOf, contentOf, listUsers, publishVersion, sha256 } from '../../repository/index.ts';
import { ARCHIVE_FILENAME, blobKey } from '../../repository/keys.ts';
import { createArchiver, openSource } from '../archive/source.ts';
import type { AwsAccess } from '../aws/access.ts';
import { askFunction, awsOf } from '../aws/keeper.ts';
import type { BootstrapEvent } from './event.ts';

/** The keeper is an artifact like any other. */
const KEEPER: ArtifactName = { repository: 'default', id: 'cfn-artifacts/keeper' };

/** What the keeper's function runs. The same bundle gives the same bytes, and with them the same key, on every machine. */
export interface KeeperCode {
  /** Where the domain has it, or will have it. */
  readonly key: string;
  readonly publish: (domain: Domain) => Promise<Publication>;
}

/** @param scratch where archives lie until they are sent */
export async function packKeeper(bundle: string, scratch: string, signal: AbortSignal): Promise<KeeperCode> {
  const bytes = await archived(bundle, scratch, signal);
  const key = blobKey(sha256(bytes), ARCHIVE_FILENAME);
  const open = async () => ({ ...contentOf(bytes), close: () => Promise.resolve() });
  return { key, publish: (domain) => publishVersion(domain, KEEPER, { filename: ARCHIVE_FILENAME, open }) };
}

/** Who makes the domain, and how it tells of what is worth a look. */
interface Making {
  readonly access: AwsAccess;
  readonly signal: AbortSignal;
  readonly tell: (event: BootstrapEvent) => void;
}

/**
 * What the keeper runs is in use, though no stack binds it: else it would count as unused, and be deleted by a rule some day. That it could not be
 * recorded is in nobody's way yet.
 * @param arn definite
 */
export async function holdCode({ access, signal, tell }: Making, domain: Domain, arn: string): Promise<void> {
  const ask = askFunction(awsOf(access, domain.region, signal), domain);
  try {
    await holdKeeper(domain, arn, ask);
  } catch (error) {
    if (!(error instanceof ArtifactError) || signal.aborted) throw error;
    tell({
      kind: 'warning',
      message: `what the keeper runs is not recorded as used: ${error.message}`,
      remedy: `Run: cfn-artifacts reference add '${arn}' --consumer ${KEEPER_CONSUMER}`,
    });
  }
}

/** In whose name the domain itself uses what its keeper runs. */
const KEEPER_CONSUMER = 'cfn-artifacts/keeper';

/**
 * Records that this version is in use, and then that no other is.
 * @param arn definite
 * @throws ArtifactError as the keeper did
 */
async function holdKeeper(domain: Domain, arn: string, ask: AskKeeper): Promise<void> {
  await ask({ command: 'reference-add', arn, consumer: KEEPER_CONSUMER });
  for await (const { arn: used, consumer } of listUsers(domain, KEEPER)) {
    if (consumer.kind !== 'named' || consumer.name !== KEEPER_CONSUMER || used === arn) continue;
    await ask({ command: 'reference-remove', arn: used, consumer: KEEPER_CONSUMER });
  }
}

/** From a folder that has nothing else in it: what lies beside the bundle where it was built is nobody's business. */
async function archived(bundle: string, scratch: string, signal: AbortSignal): Promise<Uint8Array> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cfn-artifacts-keeper-'));
  const archiver = createArchiver({ reporter: () => undefined, scratch, signal });
  try {
    writeFileSync(path.join(folder, 'index.js'), bundle, { mode: 0o644 });
    const project = { root: folder, exclude: [], followExternalSymlinks: false, leaveOut: [] };
    const source = await openSource({ path: folder, wanted: 'zip' }, project, archiver);
    const content = await source.open();
    try {
      return await bytesOf(content.read());
    } finally {
      await content.close();
    }
  } finally {
    await archiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
