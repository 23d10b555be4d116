import type { Domain, Subject } from '../../../repository/index.ts';
import { findNewest, newestNumber, readVersion } from '../../../repository/index.ts';
import { findShown } from '../../../repository/looking/versions.ts';
import { resolveArtifact, resolveVersion, resolveVersions } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import type { ShowOptions } from '../syntax/looking.ts';
import { namesContent, selectionIn, withSet } from '../../naming/named-version.ts';
import { showArtifact } from '../talk/show-artifact.ts';
import { showContent } from '../talk/show-content.ts';
import { showVersion } from '../talk/show-version.ts';
import type { ShowCall } from '../talk/showing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** One page: of an artifact, of one version, or of some content. */
export async function run(options: ShowOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, linkOf, elsewhere } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const isGuest = elsewhere !== undefined && elsewhere.account !== domain.account;
  const call: ShowCall = { options, terminal, warnings, domain, linkOf, isGuest };
  const { repository } = options;
  const text = withSet(options.artifact, options.set, repository);
  const subject = await wholeArtifact(domain, text, repository);
  if (subject !== undefined) {
    const version =
      (await findShown(domain, { ...subject, newest: await newestNumber(domain, subject) }, unreadableIn(warnings))) ??
      (await newestOf(domain, subject));
    if (version !== undefined) return showArtifact(call, version);
  }
  const selection = selectionIn(text, repository);
  const bookmark = selection?.by === 'bookmark' ? selection.bookmark : undefined;
  if (!namesContent(text, repository))
    return showVersion(call, await resolveVersion(domain, text, repository), { bookmark });
  const resolution = await resolveArtifact(domain, text, repository);
  const { number, ...name } = resolution.manifest ?? { number: 0, ...resolution };
  const version = resolution.manifest === undefined ? undefined : await readVersion(domain, name, number);
  if (version === undefined) return showContent(call, resolution);
  return showVersion(call, version, { bookmark, asset: resolution });
}

/** `undefined` where a version, an asset or content is named. */
async function wholeArtifact(domain: Domain, text: string, repository: string): Promise<Subject | undefined> {
  if (namesContent(text, repository) || selectionIn(text, repository) !== undefined) return undefined;
  return await resolveVersions(domain, text, repository);
}

/** Of an artifact with nothing but unlisted versions, and what was given up. */
async function newestOf(domain: Domain, subject: Subject): ReturnType<typeof findShown> {
  const newest = await findNewest(domain, subject, await newestNumber(domain, subject));
  return newest && readVersion(domain, subject, newest.number);
}
