import type { Domain, Finding, KeeperCommand } from '../../../repository/index.ts';
import { ArtifactError, listStackIds, parseStackId, runToEnd } from '../../../repository/index.ts';
import type { AuditOptions } from '../syntax/audit.ts';
import { CHANCE } from '../../chance.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import type { OpenDomain } from '../../opening/opening.ts';
import type { ComingFindings } from '../talk/findings.ts';
import { count, namesOf, reasonOf, tellFindings } from '../talk/findings.ts';
import { openDomain } from '../open.ts';
import type { Column } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/**
 * Has the keeper compare the references with what is deployed, and tells what it finds as it comes.
 * @returns EXIT.findings where somebody has to see to something
 */
export async function run(options: AuditOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const opened = await openDomain(options, 'keep', terminal);
  const tally: Tally = { looked: 0, found: 0, healed: 0, left: 0, healable: 0 };
  const found: ComingFindings<Finding> = {
    found: findings(opened, options, terminal, tally),
    columns: COLUMNS,
    row: rowOf,
    remedyOf: ({ healed, remedy }) => (healed ? undefined : remedy),
    totals: () => ({ looked: tally.looked, healed: tally.healed, left: tally.left }),
    summary: () => summaryOf(tally, options),
  };
  await tellFindings(terminal, found, options, warnings);
  return tally.left > 0 ? EXIT.findings : EXIT.ok;
}

interface Tally {
  /** Steps: grows with what was compared. */
  looked: number;
  found: number;
  healed: number;
  /** What somebody has to see to. */
  left: number;
  /** What `--fix` is for, of that. */
  healable: number;
}

/** An operation that is under way is nobody's fault: the next audit looks again. */
function isLeft({ healed, kind }: Finding): boolean {
  return !healed && kind !== 'unsettled';
}

async function* findings(
  { domain, ask, findStack }: OpenDomain,
  options: AuditOptions,
  terminal: Terminal,
  tally: Tally,
): AsyncGenerator<Finding> {
  for (const command of await commandsFor(domain, options, findStack)) {
    for await (const { results, looked = 0, next } of runToEnd(ask, command, CHANCE)) {
      tally.looked += looked;
      for (const finding of results as readonly Finding[]) {
        tally.found += 1;
        if (finding.healed) tally.healed += 1;
        if (isLeft(finding)) tally.left += 1;
        if (isLeft(finding) && finding.kind !== 'unknown') tally.healable += 1;
        yield finding;
      }
      const isTold = next !== undefined && !options.quiet && !options.json;
      if (isTold) terminal.stderr.write(`looked at ${count(tally.looked, 'place')} so far\n`);
    }
  }
}

/** One for all, or one for each stack that the name stands for: the one that has it now, and those that had it and left something behind. */
async function commandsFor(
  domain: Domain,
  { fix, stack }: AuditOptions,
  findStack: OpenDomain['findStack'],
): Promise<readonly KeeperCommand[]> {
  if (stack === undefined) return [{ command: 'audit', fix }];
  if (parseStackId(stack) !== undefined) return [{ command: 'audit', fix, stack }];
  const current = await findStack(stack);
  const { account, region } = domain;
  const recorded = await listStackIds(domain, { account, region, stack });
  const ids = new Set([...(current === undefined ? [] : [current]), ...recorded]);
  if (ids.size === 0) {
    throw new ArtifactError(
      'INVALID_ARGUMENT',
      `no stack '${stack}' is known in account ${account} in ${region}, and none has recorded anything`,
      { remedy: 'Name it by its ARN, or leave it out to look at all of them.' },
    );
  }
  return [...ids].map((id) => ({ command: 'audit', fix, stack: id }));
}

const COLUMNS: readonly Column[] = [
  { title: 'FINDING' },
  { title: 'STACK' },
  { title: 'LOGICAL ID' },
  { title: 'ARTIFACT' },
  { title: 'HEALED' },
  { title: 'WHY', shrinks: true },
];

const NOTHING = '-';

function rowOf(finding: Finding): readonly string[] {
  const { kind, stackId, logicalId = NOTHING, healed } = finding;
  const stack = stackId === undefined ? NOTHING : (parseStackId(stackId)?.stack ?? stackId);
  return [kind, stack, logicalId, artifactOf(finding), healed ? 'yes' : 'no', reasonOf(finding)];
}

/** As people name it. */
function artifactOf({ arns = [], version, digest, key = NOTHING }: Finding): string {
  const named = namesOf(arns);
  if (named !== undefined) return named;
  if (version !== undefined) return `${version.repository}/${version.id}:${version.number}`;
  return digest === undefined ? key : `sha256:${digest}`;
}

function summaryOf({ found, healed, left, healable }: Tally, { fix }: AuditOptions): string {
  if (found === 0) return 'nothing was found';
  const healing = fix ? `, ${healed} healed` : '';
  const advice = fix || healable === 0 ? '' : "; 'cfn-artifacts audit --fix' heals what can be healed";
  return `${count(found, 'finding')}${healing}${left === 0 ? '' : `, ${left} left to see to`}${advice}`;
}
