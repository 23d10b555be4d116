import { formatArtifactName } from '../../../repository/index.ts';
import type { PromotionStep } from '../../../repository/promoting/history.ts';
import { listPromotions } from '../../../repository/promoting/history.ts';
import type { PromotionEvidence } from '../../../repository/promoting/record.ts';
import { formatVersion } from '../../../repository/promoting/record.ts';
import { resolveVersions } from '../../naming/artifact.ts';
import { openDomainOf } from '../at-home.ts';
import type { PromotionsOptions } from '../syntax/promotions.ts';
import { formatDate, formatTable, writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';
import { unreadableIn } from '../talk/warnings.ts';

/** What was promoted from an artifact, and to it, all the way. */
export async function run(options: PromotionsOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomainOf(options, [options.artifact], 'read', terminal);
  const subject = await resolveVersions(domain, options.artifact, options.repository);
  const { number } = subject;
  const steps = await listPromotions(domain, subject, unreadableIn(warnings));
  if (options.json) {
    writeJson(terminal, { promotions: steps.map(plain), warnings: warnings.all() });
    return;
  }
  if (steps.length > 0) {
    terminal.stdout.write(table(steps, terminal.stdout.columns));
  } else if (!options.quiet) {
    const what = number === undefined ? formatArtifactName(subject) : formatVersion({ ...subject, number });
    terminal.stderr.write(`nothing was promoted from '${what}', or to it\n`);
  }
}

function plain({ from, to, ...step }: PromotionStep): object {
  return { ...step, from: { ...from, name: formatVersion(from) }, to: { ...to, name: formatVersion(to) } };
}

const NOTHING = '-';

function table(steps: readonly PromotionStep[], width: number | undefined): string {
  return formatTable(
    [
      { title: 'PROMOTED' },
      { title: 'FROM' },
      { title: 'TO' },
      { title: 'ASSETS' },
      { title: 'BY' },
      { title: 'EVIDENCE' },
    ],
    steps.map(({ at, from, to, assets, by = NOTHING, evidence }) => [
      formatDate(new Date(at)),
      formatVersion(from),
      `${formatVersion(to)}${to.labels.length === 0 ? '' : ` (${to.labels.join(', ')})`}`,
      assets.map(({ name, as }) => (name === as ? name : `${name} as ${as}`)).join(', '),
      by,
      evidence.map(nameOf).join(', ') || NOTHING,
    ]),
    width,
  );
}

function nameOf(evidence: PromotionEvidence): string {
  return 'url' in evidence ? evidence.url : evidence.name;
}
