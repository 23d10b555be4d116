import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ArtifactName, AskKeeper, Domain, Publication } from '../../repository/index.ts';
import { bytesOf, contentOf, listUsers, publishVersion, sha256 } from '../../repository/index.ts';
import { ARCHIVE_FILENAME, blobKey } from '../../repository/keys.ts';
import { createArchiver, openSource } from '../archive/source.ts';

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

/** In whose name the domain itself uses what its keeper runs. */
export const KEEPER_CONSUMER = 'cfn-artifacts/keeper';

/**
 * Records that this version is in use, and then that no other is.
 * @param arn definite
 * @throws ArtifactError as the keeper did
 */
export async function holdKeeper(domain: Domain, arn: string, ask: AskKeeper): Promise<void> {
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
