import type { Contestant } from './contestants.ts';
import type { State } from './goals.ts';
import { GOALS, PEAK, RECORDS, requestsOfRepeat, STATES, uploadsOf } from './goals.ts';
import type { Cost } from './measure.ts';
import type { Measured, Measurements } from './rounds.ts';
import type { Workload } from './workloads.ts';

/** What aws-cli took when it took part the last time. */
export type Anchors = Readonly<Partial<Record<State, Pick<Cost, 'wall' | 'cpu'>>>>;

export interface Report {
  readonly lines: readonly string[];
  /** Bounds and goals that are missed. */
  readonly missed: readonly string[];
}

/** The table of one workload. Ratios are medians of those of single rounds; peaks and what reached the store are the largest of all rounds. */
export function report(workload: Workload, found: Measurements, anchors: Anchors): Report {
  const lines: string[] = [];
  const missed: string[] = [];
  for (const [state, measured] of found) {
    const aws = [...measured].find(([{ name }]) => name === 'aws-cli')?.[1];
    for (const [contestant, own] of measured) {
      const ratio = contestant.name === 'aws-cli' ? undefined : ratioOf(own, aws, anchors[state]);
      const problems = problemsOf(workload, state, contestant, own, { aws, ratio });
      missed.push(...problems.map((problem) => `${workload.name} ${STATES[state]}, ${contestant.what}: ${problem}`));
      lines.push(row(workload, state, contestant, own, ratio));
    }
  }
  return { lines, missed };
}

interface Ratio {
  /** Of wall time. */
  readonly value: number;
  readonly cpu: number;
  /** In turn with aws-cli, and not beside what it took earlier. */
  readonly paired: boolean;
}

function ratioOf(
  own: readonly Measured[],
  aws: readonly Measured[] | undefined,
  anchor: Anchors[State],
): Ratio | undefined {
  const ratio = (peer: Pick<Cost, 'wall' | 'cpu'> | undefined, member: 'wall' | 'cpu', round: number): number =>
    (peer?.[member] ?? Number.NaN) / (own[round]?.[member] ?? Number.NaN);
  const peers = aws ?? (anchor === undefined ? undefined : own.map(() => anchor));
  if (peers === undefined) return undefined;
  const of = (member: 'wall' | 'cpu'): number => median(peers.map((peer, round) => ratio(peer, member, round)));
  return { value: of('wall'), cpu: of('cpu'), paired: aws !== undefined };
}

function problemsOf(
  { name, artifacts, full }: Workload,
  state: State,
  contestant: Contestant,
  own: readonly Measured[],
  { aws, ratio }: { readonly aws: readonly Measured[] | undefined; readonly ratio: Ratio | undefined },
): string[] {
  if (contestant.name === 'aws-cli' || contestant.name === 'other') return [];
  const problems: string[] = [];
  const expect = (figure: number, limit: number, what: string): void => {
    if (figure > limit) problems.push(`${figure.toLocaleString('en')} ${what}, not ${limit.toLocaleString('en')}`);
  };
  const most = (member: 'requests' | 'bytes' | 'written' | 'peak'): number => mostOf(own, member) ?? 0;
  expect(most('peak'), PEAK, 'bytes of memory');
  if (state === 'repeat' || state === 'far-repeat') expect(most('requests'), requestsOfRepeat(artifacts), 'requests');
  const uploads = uploadsOf(state, artifacts);
  // A domain writes records as well, but none where nothing is to be said.
  if (contestant.name === 'bucket' || uploads === 0) expect(most('written'), uploads, 'uploads');
  const records = contestant.name === 'domain' ? artifacts * RECORDS : 0;
  if (aws !== undefined) expect(most('bytes'), (mostOf(aws, 'bytes') ?? 0) + records, 'bytes sent');
  const must = GOALS[name][state]?.must;
  if (full && must !== undefined && ratio?.paired === true && ratio.value < must) {
    problems.push(`${ratio.value.toFixed(1)} times as fast, not ${must}`);
  }
  return problems;
}

const WIDTHS = [-22, -19, 8, 8, 8, 9, 8, 8, 10, 8, 6, 6, -8];

export const HEADING: string = line(
  ...[
    'state',
    'who',
    'wall s',
    'cpu s',
    'peak MB',
    'requests',
    'uploads',
    'MB sent',
    'aws-cli /',
    'in cpu',
    'must',
    'aim',
    '',
  ],
);

function row(
  { name, full }: Workload,
  state: State,
  contestant: Contestant,
  own: readonly Measured[],
  ratio: Ratio | undefined,
): string {
  const { must, aim } = GOALS[name][state] ?? {};
  const isOurs = contestant.name === 'bucket' || contestant.name === 'domain';
  const judged = full && isOurs && ratio !== undefined && must !== undefined && aim !== undefined;
  const verdict = judged ? (ratio.value >= aim ? 'aim met' : ratio.value >= must ? 'met' : 'MISSED') : '';
  const cpu = own.flatMap((measured) => measured.cpu ?? []);
  return line(
    ...[STATES[state], contestant.what, median(own.map(({ wall }) => wall)).toFixed(3)],
    cpu.length === 0 ? '-' : median(cpu).toFixed(2),
    ((mostOf(own, 'peak') ?? Number.NaN) / 1e6).toFixed(0),
    ...[String(mostOf(own, 'requests')), String(mostOf(own, 'written'))],
    ((mostOf(own, 'bytes') ?? 0) / 1e6).toFixed(1),
    ...[ratio === undefined ? '' : `${ratio.paired ? '' : '~'}${times(ratio.value)}`, times(ratio?.cpu)],
    ...[isOurs ? String(must ?? '') : '', isOurs ? String(aim ?? '') : '', verdict],
  );
}

function times(ratio: number | undefined): string {
  return ratio === undefined || Number.isNaN(ratio) ? '' : ratio.toFixed(ratio < 20 ? 2 : 0);
}

function line(...cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0;
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return padded.join(' ').trimEnd();
}

function mostOf(measured: readonly Measured[], member: 'requests' | 'bytes' | 'written' | 'peak'): number | undefined {
  const known = measured.flatMap((one) => one[member] ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return (low + high) / 2;
}
