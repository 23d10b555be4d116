import type { KeeperCommand, VerifyFinding } from '../../../repository/index.ts';
import { isLeftToSee, parseStackId, runToEnd } from '../../../repository/index.ts';
import { CHANCE } from '../../chance.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { ComingFindings } from '../talk/findings.ts';
import { count, namesOf, reasonOf, tellFindings } from '../talk/findings.ts';
import { openDomain } from '../open.ts';
import { aboutPlace } from '../talk/remedy.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import { placeFlags } from '../../opening/place-flags.ts';
import type { Column } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { VerifyOptions } from '../syntax/verify.ts';
import type { Warnings } from '../talk/warnings.ts';

/**
 * Has the keeper compare what the store has with what its records say, and tells what it finds as it comes.
 * @returns EXIT.findings where somebody has to see to something
 */
export async function run(options: VerifyOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await openDomain(options, 'keep', terminal);
  const tally: Tally = { looked: 0, found: 0, healed: 0, healable: 0, damaged: 0, left: 0, bySizeAlone: 0 };
  const found: ComingFindings<VerifyFinding> = {
    found: findings(opened, options, terminal, tally),
    columns: COLUMNS,
    row: rowOf,
    remedyOf: (finding) =>
      finding.remedy === undefined || !isLeftToSee(finding)
        ? undefined
        : aboutPlace(finding.remedy, placeFlags(options)),
    totals: () => totalsOf(tally),
    summary: () => summaryOf(tally, options),
  };
  await tellFindings(terminal, found, options, warnings);
  return tally.left > 0 ? EXIT.findings : EXIT.ok;
}

interface Tally {
  /** Objects, of whatever kind. */
  looked: number;
  found: number;
  healed: number;
  /** What --fix would heal. */
  healable: number;
  /** Of that, content: what is damaged is erased, and healed where the right one lies beneath. */
  damaged: number;
  /** What somebody has to see to. */
  left: number;
  /** Assets of whose content the store tells no digest, and which nobody asked to read. */
  bySizeAlone: number;
}

async function* findings(
  { ask }: OpenDomain,
  { fix, deep, repository, json, quiet }: VerifyOptions,
  terminal: Terminal,
  tally: Tally,
): AsyncGenerator<VerifyFinding> {
  const command: KeeperCommand = { command: 'verify', fix, deep, ...(repository !== undefined && { repository }) };
  for await (const { results, looked = 0, bySizeAlone = 0, next } of runToEnd(ask, command, CHANCE)) {
    tally.looked += looked;
    tally.bySizeAlone += bySizeAlone;
    for (const finding of results as readonly VerifyFinding[]) {
      tally.found += 1;
      if (finding.healed) tally.healed += 1;
      if (finding.healable === true) tally.healable += 1;
      if (finding.healable === true && finding.kind === 'damaged') tally.damaged += 1;
      if (isLeftToSee(finding)) tally.left += 1;
      yield finding;
    }
    const isTold = next !== undefined && !quiet && !json;
    if (isTold) terminal.stderr.write(`looked at ${count(tally.looked, 'object')} so far\n`);
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'FINDING' },
  { title: 'ARTIFACT' },
  { title: 'USED BY' },
  { title: 'HEALED' },
  { title: 'WHY', shrinks: true },
];

const NOTHING = '-';

function rowOf(finding: VerifyFinding): readonly string[] {
  const { kind, arns = [], key, healed } = finding;
  // What is no artifact is told by its key.
  return [kind, namesOf(arns) ?? key, userOf(finding), healed ? 'yes' : 'no', reasonOf(finding)];
}

function userOf({ stackId, logicalId, consumer }: VerifyFinding): string {
  if (stackId === undefined) return consumer ?? NOTHING;
  const stack = parseStackId(stackId)?.stack ?? stackId;
  return logicalId === undefined ? stack : `${stack}/${logicalId}`;
}

/** For programs, which count themselves what was found. */
function totalsOf({ looked, healed, healable, left, bySizeAlone }: Tally): object {
  return { looked, healed, healable, left, bySizeAlone };
}

function summaryOf(tally: Tally, options: VerifyOptions): string {
  const { looked, found, healed, healable, damaged, left, bySizeAlone } = tally;
  const { fix, deep } = options;
  const all = `looked at ${count(looked, 'object')}`;
  const unread =
    bySizeAlone === 0 ? '' : `\nof ${count(bySizeAlone, 'asset')} only the size was compared; --deep reads them`;
  if (found === 0) return `${all}: nothing was found${unread}`;
  const healing = fix ? `, ${healed} healed` : '';
  const those =
    damaged > 0 ? 'what can be healed' : healable < found ? `${healable} of them` : found === 1 ? 'it' : 'them';
  const advice =
    healable === 0 ? '' : `; 'cfn-artifacts verify --fix${deep ? ' --deep' : ''}${placeFlags(options)}' heals ${those}`;
  return `${all}: ${count(found, 'finding')}${healing}${left === 0 ? '' : `, ${left} left to see to`}${advice}${unread}`;
}
