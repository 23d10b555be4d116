import { ArtifactError, hasCode } from '../../repository/index.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import type { AwsAccess } from '../aws/access.ts';
import { bootstrapTalk } from './talk/bootstrap.ts';
import type { BootstrapTools } from './bootstrap-tools.ts';
import type { DisplayOptions } from './syntax/common.ts';
import { writeNote } from './talk/report.ts';
import { scratchFolder } from '../scratch.ts';
import type { Terminal } from './terminal.ts';

/** What whoever may not make a domain can do. */
const WITHOUT_RIGHTS =
  "Ask an administrator of the account to run 'cfn-artifacts bootstrap' once, or upload without versions and references with --s3-bucket BUCKET.";

/**
 * Makes the account's domain in the default way, without a question; says so in one line. Others may do the same at the same time.
 * @throws ArtifactError as `bootstrap`; where rights are missing with the ways on
 */
export async function makeOwnDomain(
  access: AwsAccess,
  bucket: string,
  display: Pick<DisplayOptions, 'color'>,
  terminal: Terminal,
  { installation, chance }: BootstrapTools,
): Promise<void> {
  const built = installation();
  const { account } = await access.identity();
  const of = `the domain of account ${account} in ${await access.region()}`;
  writeNote(terminal, `making ${of}, which takes some minutes: bucket ${bucket} (--no-bootstrap forbids it)`, display);
  const talk = bootstrapTalk(terminal, { ...display, json: false, quiet: true, progressBar: false });
  try {
    await bootstrap({
      ...{ access, installation: built, chance, signal: terminal.signal, scratch: scratchFolder(), tell: talk.tell },
      ...{ parameters: new Map(), tags: new Map(), isDryRun: false, mayDowngrade: false },
      approve: async ({ does, stack }) => {
        if (does !== 'delete') return;
        throw new ArtifactError(
          'INVALID_CONFIGURATION',
          `${of} is missing, and its stack '${stack}' never came to be`,
          {
            remedy: 'Run cfn-artifacts bootstrap: it shows what is left of it, asks, and makes it anew.',
          },
        );
      },
    });
  } catch (error) {
    if (!(error instanceof ArtifactError) || !hasCode(error, 'ACCESS_DENIED')) throw error;
    const { message, remedy } = error;
    throw new ArtifactError('ACCESS_DENIED', `${of} is missing and can't be made: ${message}`, {
      remedy: `${WITHOUT_RIGHTS}\n${remedy ?? ''}`.trim(),
      cause: error,
    });
  } finally {
    talk.stop();
  }
}
