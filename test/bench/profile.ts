import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

const SHOWN = 20;

/** What makes Node.js write one of each thread. */
export function profilingFlags(folder: string): string[] {
  // Fine enough for a run of fifty milliseconds.
  return ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`];
}

/** Of all threads together: where the program itself was, and for how many milliseconds of a run. */
export function summaryOf(folder: string, runs: number): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  const totals = new Map<string, number>();
  for (const name of names) {
    const profile = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Profile;
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
    profile.samples.forEach((id, index) => {
      const place = frames.get(id) ?? '';
      totals.set(place, (totals.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
    });
  }
  return [...totals]
    .filter(([place]) => place !== '(idle)')
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([place, total]) => `${(total / 1000 / runs).toFixed(1).padStart(10)} ms  ${place}`);
}

function placeOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${url.replace(/^.*\/(?=node_modules\/|dist\/)/, '')}`;
}
