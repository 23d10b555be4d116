import type { Version } from '../../../repository/index.ts';
import {
  ArtifactError,
  contentAssets,
  formatArn,
  formatArtifactName,
  refusedReference,
} from '../../../repository/index.ts';
import type { AssetSet } from '../../../repository/index.ts';
import type { ChangedStatus } from '../../../repository/keeping/status.ts';
import { claimLabels, findLabel } from '../../../repository/label.ts';
import { samenessOf } from '../../../repository/same-version.ts';
import { requireOpen } from '../../../repository/set.ts';
import { exists } from '../../../repository/status.ts';
import { resolveVersion } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import { arnOfVersion } from '../bookmark-name.ts';
import type { ActivateOptions, FinishOptions } from '../syntax/bookmark.ts';
import { namesContent, selectionIn, withSet } from '../../naming/named-version.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { writeJson } from '../talk/report.ts';
import { definiteArn } from '../talk/showing.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { askOnce, moveBookmark } from './bookmark.ts';

/**
 * Makes one of the candidates for a label the one that has it, for ever. The label is what decides: it is created once, and whoever died behind that is gone on with by doing the same again.
 * @throws ArtifactError LABEL_TAKEN where another one was chosen; INVALID_ARGUMENT where it is no candidate; ARTIFACT_NOT_FOUND, ARTIFACT_DELETED
 */
export async function finish(options: FinishOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain, askToPublish } = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const { manifest, set } = await candidateOf(domain, options);
  const { repository, id, number } = manifest;
  const chosen = await findLabel(domain, manifest, set.label);
  if (chosen !== undefined && chosen.manifest.number !== number) await requireOpen(domain, manifest, set);
  const [first, ...others] = contentAssets(manifest);
  if (first === undefined) throw new TypeError('a version has content');
  await claimLabels(domain, manifest, [set.label], samenessOf([first, ...others], set), number);
  const arn = formatArn(arnOfVersion(domain, manifest));
  const { outcome, status } = await askOnce<ChangedStatus>(askToPublish, { command: 'complete', arn });
  if (options.json) {
    const told = { outcome, repository, id, version: number, label: set.label, set: set.name, status };
    writeJson(terminal, { ...told, arn: definiteArn(domain, { manifest }), warnings: warnings.all() });
  } else if (!options.quiet) {
    const what = `${formatArtifactName(manifest)}:${set.label}`;
    const again = outcome === 'exists' ? ' already' : '';
    terminal.stdout.write(`${what} is version ${number}${again}, made as '${set.name}', and ${status}\n`);
  }
}

/**
 * Makes one of the candidates for a label the one that the label stands for until one is finished.
 * @throws ArtifactError as `finish`
 */
export async function activate(options: ActivateOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const open = await openDomainOf(options, [options.artifact], 'keep', terminal);
  const { manifest, set } = await candidateOf(open.domain, options);
  await requireOpen(open.domain, manifest, set);
  const { repository, id, number } = manifest;
  await moveBookmark(open, { version: { repository, id, number }, bookmark: set.label }, options, terminal, warnings);
}

/** @throws ArtifactError INVALID_ARGUMENT where what is named is no candidate; ARTIFACT_DELETED where it was given up */
async function candidateOf(
  domain: OpenDomain['domain'],
  { artifact, set: named, repository }: FinishOptions,
): Promise<Pick<Version, 'manifest'> & { readonly set: AssetSet }> {
  const text = withSet(artifact, named, repository);
  if (!namesContent(text, repository) && selectionIn(text, repository) === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${text}' names an artifact, and no label of it`, {
      remedy: 'Name the label that the candidates are made for: ID:1.0.0.',
    });
  }
  const { manifest, status } = await resolveVersion(domain, text, repository);
  const { set, number } = manifest;
  const what = `${formatArtifactName(manifest)}:${number}`;
  if (set === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${what}' is no candidate: it was published as it is`, {
      remedy: "Candidates are what 'cfn-artifacts publish --unfinished --label LABEL --set NAME' makes.",
    });
  }
  if (!exists(status)) throw refusedReference(what, status, 'Choose another candidate.');
  return { manifest, set };
}
