import type { Domain } from '../../repository/index.ts';
import { ArtifactError, contentStoreOf } from '../../repository/index.ts';
import { Bucket } from '../bucket/bucket.ts';
import { awsAccess } from '../aws/access.ts';
import { isKeptByFunction } from '../aws/keeper.ts';
import { formatStatements } from '../own-bucket/policy.ts';
import type { Examined } from '../own-bucket/prepare.ts';
import { examine, refuseProblems, takeIntoUse } from '../own-bucket/prepare.ts';
import type { OwnBucket } from '../own-bucket/statements.ts';
import { policiesOfPeople, statementsFor } from '../own-bucket/statements.ts';
import { accessSettings } from '../opening/opening.ts';
import { writeNote } from './talk/report.ts';
import type { RepositoryCreateOptions } from './syntax/repository.ts';
import type { Terminal } from './terminal.ts';
import type { Warnings } from './talk/warnings.ts';

/**
 * Looks at a bucket that a repository is to have its content in, has its policy say what it must if that is asked, and takes it into use.
 * @param isInUse whether the repository has its content there already
 * @throws ArtifactErrors with everything that is wrong with it, before anything is changed
 */
export async function acceptBucket(
  options: RepositoryCreateOptions & { readonly bucket: string },
  isInUse: boolean,
  domain: Domain,
  terminal: Terminal,
  warnings: Warnings,
): Promise<void> {
  const { repository, bucket, applyPolicy } = options;
  const { account, region, store } = domain;
  if (store.openBucket === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', 'a domain in a directory has no buckets beside it', {
      remedy: 'Leave out --bucket, or name a domain in S3.',
    });
  }
  const access = await awsAccess(accessSettings(options, terminal));
  const client = await access.s3(region);
  const wanted: OwnBucket = {
    ...{ domain, bucket, hasFunctions: isKeptByFunction(domain) },
    ...(isInUse && { usedBy: [repository] }),
  };
  const settings = new Bucket({ client, bucket, owner: account, signal: terminal.signal });
  const reach = { settings, content: contentStoreOf(store, bucket) };
  const examined = await examine(wanted, reach, applyPolicy);
  for (const { message, remedy } of examined.warnings) warnings.add({ code: 'own-bucket', message, remedy });
  if (!applyPolicy) showStatements(wanted, examined, options, terminal);
  refuseProblems(examined);
  const { policy } = examined;
  if (applyPolicy && policy !== undefined && policy.changes.length > 0) {
    writeNote(terminal, `the policy of '${bucket}' is changed like this; all other statements stay:`, options);
    terminal.stderr.write(policy.changes.map((line) => `${line}\n`).join(''));
    await settings.replacePolicy(policy.before, policy.text);
  }
  await takeIntoUse(wanted, reach);
}

/** Where the policy lacks something: all of it, ready to paste. */
function showStatements(
  wanted: OwnBucket,
  { policy }: Examined,
  options: RepositoryCreateOptions,
  terminal: Terminal,
): void {
  if (policy?.changes.length === 0) return;
  writeNote(
    terminal,
    `the policy of '${wanted.bucket}' lacks something; these are its statements for content:`,
    options,
  );
  terminal.stderr.write(`${formatStatements(statementsFor(wanted))}\n`);
  const { publishing, deploying } = policiesOfPeople(wanted);
  writeNote(terminal, 'whoever publishes needs this, in policies of their own:', options);
  terminal.stderr.write(`${formatStatements(publishing)}\n`);
  writeNote(terminal, 'and whoever deploys:', options);
  terminal.stderr.write(`${formatStatements(deploying)}\n`);
}
