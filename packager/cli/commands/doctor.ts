import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LOCAL_PLACE } from '../../../repository/index.ts';
import { packageRoot } from '../../bootstrap/installation.ts';
import type { OwnBucketExamination } from '../../doctor/bucket-domain.ts';
import type { Result, Status } from '../../check.ts';
import { STATUSES } from '../../check.ts';
import { CHANCE } from '../../chance.ts';
import type { DoctorOptions } from '../syntax/doctor.ts';
import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';
import { requireNoPrefix } from '../../opening/open.ts';
import { LOCAL_BUCKET } from '../../opening/open-directory.ts';
import { accessSettings } from '../../opening/opening.ts';
import { writeJson } from '../talk/report.ts';
import type { Palette, Terminal } from '../terminal.ts';
import { paletteFor } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

interface Examination {
  /** For programs. */
  readonly domain: object;
  /** For people. */
  readonly title: string;
  readonly results: readonly Result[];
  readonly ownBuckets: readonly OwnBucketExamination[];
}

/** Whether the domain is sound, and what to do where it is not. @returns `findings` where there are problems */
export async function run(options: DoctorOptions, terminal: Terminal, warnings: Warnings): Promise<ExitCode> {
  const examination = await examine(options, terminal);
  const { domain, results, ownBuckets } = examination;
  const summary = countsOf([...results, ...ownBuckets.flatMap(({ checks }) => checks)]);
  const isSound = summary.problem === 0 && !(options.strict && summary.unknown > 0) && !isBlind(results);
  if (options.json) writeJson(terminal, { domain, checks: results, ownBuckets, summary, warnings: warnings.all() });
  else terminal.stdout.write(pageOf(examination, summary, { options, terminal }));
  return isSound ? EXIT.ok : EXIT.findings;
}

async function examine(options: DoctorOptions, terminal: Terminal): Promise<Examination> {
  const { domain, domainOwner: owner, write: writes } = options;
  const { signal } = terminal;
  if (domain?.kind === 'directory') {
    const { examineDirectory } = await import('../../doctor/directory-domain.ts');
    const folder = path.resolve(terminal.cwd, domain.directory);
    const results = await examineDirectory({ folder, bucket: LOCAL_BUCKET, writes, chance: CHANCE, signal });
    return {
      domain: { kind: 'directory', directory: folder, ...LOCAL_PLACE },
      title: `directory '${folder}'`,
      results,
      ownBuckets: [],
    };
  }
  requireNoPrefix(domain);
  const [{ awsAccess }, { examineBucket }] = await Promise.all([
    import('../../aws/access.ts'),
    import('../../doctor/bucket-domain.ts'),
  ]);
  const access = await awsAccess(accessSettings(options, terminal));
  const root = packageRoot(import.meta.dirname);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const template = readFileSync(path.join(root, 'templates/domain/template.yaml'), 'utf8');
  const named = { ...(domain !== undefined && { bucket: domain.bucket }), ...(owner !== undefined && { owner }) };
  const { subject, ...found } = await examineBucket({
    ...{ access, writes, template, version, chance: CHANCE, signal },
    ...named,
  });
  const { kind: madeBy, partition, account, region, bucket } = subject;
  return {
    domain: { kind: 's3', madeBy, bucket, partition, account, region, toolVersion: version },
    title: `bucket '${bucket}' of account ${account} in ${region}`,
    ...found,
  };
}

/** Whether nothing could be found out about the domain itself: the time alone says nothing of it, and to be silent about that would be to call it sound. */
function isBlind(results: readonly Result[]): boolean {
  const asked = results.filter(({ id, status }) => id !== 'clock' && status !== 'skipped');
  return asked.length > 0 && asked.every(({ status }) => status === 'unknown');
}

type Counts = Readonly<Record<Status, number>>;

function countsOf(results: readonly Result[]): Counts {
  const count = (wanted: Status): number => results.filter(({ status }) => status === wanted).length;
  return Object.fromEntries(STATUSES.map((status) => [status, count(status)])) as Counts;
}

const COLOURS: Readonly<Record<Status, keyof Palette>> = {
  ok: 'green',
  problem: 'red',
  warning: 'yellow',
  unknown: 'yellow',
  skipped: 'dim',
};

const INDENT = '         ';

const NOTHING_KNOWN = 'nothing could be found out about this domain';

/**
 * A line for each check, what is wrong and what to do beneath, the same of each bucket of repositories, and a last line that sums up. `quiet`: only what is not
 * well.
 */
function pageOf(
  { title, results, ownBuckets }: Examination,
  counts: Counts,
  { options, terminal }: { readonly options: DoctorOptions; readonly terminal: Terminal },
): string {
  const palette = paletteFor(terminal.stdout, terminal.env, options.color);
  const width = Math.max(...results.map(({ id }) => id.length));
  const said = new Set<string>();
  const advice = (remedy: string | undefined): string => {
    if (remedy === undefined) return '';
    const first = remedy.split('\n')[0] ?? '';
    const text = said.has(remedy) && remedy.includes('\n') ? `${first} (and so on, as above)` : remedy;
    said.add(remedy);
    return `${INDENT}  ${text.replaceAll('\n', `\n${INDENT}  `)}\n`;
  };
  const linesOf = (checks: readonly Result[]): readonly string[] => {
    const told = checks.filter(({ status }) => status !== 'skipped' && !(options.quiet && status === 'ok'));
    const lines = told.map(({ id, asks, status, findings, reason, remedy }) => {
      const line = `${palette[COLOURS[status]](status.padEnd(7))}  ${id.padEnd(width)}  ${asks}\n`;
      const beneath = findings.map((finding) => `${INDENT}${finding.message}\n${advice(finding.remedy)}`);
      const unknown =
        reason === undefined ? '' : `${INDENT}${reason.replaceAll('\n', `\n${INDENT}`)}\n${advice(remedy)}`;
      return line + beneath.join('') + unknown;
    });
    return options.quiet ? lines : [...lines, ...skippedLines(checks, palette)];
  };
  const sections = ownBuckets.flatMap(({ bucket, repositories, checks }) => {
    const lines = linesOf(checks);
    const names = repositories.map((name) => `'${name}'`).join(', ');
    const whose = repositories.length === 1 ? 'repository' : 'repositories';
    return lines.length === 0 ? [] : [`\n${whose} ${names}, in the bucket '${bucket}'\n\n`, ...lines];
  });
  return [
    ...(options.quiet ? [] : [`${title}\n\n`]),
    ...linesOf(results),
    ...sections,
    `\n${isBlind(results) ? palette.red(NOTHING_KNOWN) : sumUp(counts, palette)}\n`,
  ].join('');
}

/** What does not apply has a line for each reason. */
function skippedLines(results: readonly Result[], palette: Palette): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { id, status, reason = '' } of results) {
    if (status === 'skipped') byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
  }
  return [...byReason].map(([reason, ids]) => `${palette.dim('skipped')}  ${ids.join(', ')}\n${INDENT}${reason}\n`);
}

function sumUp({ ok, problem, warning, unknown }: Counts, palette: Palette): string {
  const of = (count: number, one: string, many: string): readonly string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  const found = [
    ...of(problem, 'problem', 'problems'),
    ...of(warning, 'warning', 'warnings'),
    ...of(unknown, 'unknown', 'unknown'),
    `${ok} ok`,
  ].join(', ');
  if (problem > 0) return palette.red(found);
  return warning + unknown > 0 ? palette.yellow(found) : palette.green(`sound: ${found}`);
}
