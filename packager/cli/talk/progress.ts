import cliProgress from 'cli-progress';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { PackagerEvent, PublishOutcome, Reporter } from '../../event.ts';
import type { DisplayOptions } from '../syntax/common.ts';
import { formatSize } from '../../size.ts';
import type { Terminal } from '../terminal.ts';
import { isSet } from '../../environment.ts';
import type { Warnings } from './warnings.ts';

export interface Progress {
  readonly reporter: Reporter;
  /** Takes the bars away and tells the warnings that are left. May be called again. */
  stop(): void;
}

type Published = Extract<PackagerEvent, { kind: 'published' }>;
type Advanced = Extract<PackagerEvent, { kind: 'progress' }>;

/**
 * Renders what happens, on stderr alone. On a terminal a bar for each stage while it runs; everywhere one line for each artifact that was sent (with
 * `debug` for the others too). Warnings wait until all has been read and then stand in the order of the files; those that come later stand at the end.
 * `quiet` and `json` leave only the warnings; CI gets no bars whatever its terminal says.
 */
export function createProgress(
  terminal: Terminal,
  display: Pick<DisplayOptions, 'json' | 'quiet' | 'progressBar' | 'debug'>,
  warnings: Warnings,
): Progress {
  const talks = !display.quiet && !display.json;
  const bars =
    talks && display.progressBar && terminal.stderr.isTTY && !isCi(terminal) ? createBars(terminal) : undefined;
  let isRead = false;
  const reporter: Reporter = (event) => {
    if (!isRead && (event.kind === 'published' || (event.kind === 'progress' && event.stage !== 'walk'))) {
      isRead = true;
      if (warnings.areUntold) {
        aside(bars, () => {
          warnings.tell();
        });
      }
    }
    switch (event.kind) {
      case 'progress':
        bars?.advance(event);
        break;
      case 'warning':
        warnings.add(event.warning);
        break;
      case 'built':
        if (!talks || !(display.debug || event.outcome === 'bundled')) break;
        aside(bars, () => {
          terminal.stderr.write(`${event.outcome} ${event.subject} (${formatSize(event.size)})\n`);
        });
        break;
      case 'published':
        if (!talks || !(display.debug || TOLD.includes(event.outcome))) break;
        aside(bars, () => {
          terminal.stderr.write(publishedLine(event));
        });
    }
  };
  return {
    reporter,
    stop: () => {
      bars?.clear();
      warnings.tell();
    },
  };
}

/** What changes something, or would. */
const TOLD: readonly PublishOutcome[] = ['uploaded', 'copied', 'planned'];

const WORDS: Readonly<Record<PublishOutcome, string>> = {
  uploaded: 'uploaded',
  reused: 'reused',
  copied: 'copied',
  planned: 'would upload',
};

function publishedLine({ outcome, subject, size, name }: Published): string {
  // Nothing was made yet: neither size nor name is known.
  if (outcome === 'planned') return `${WORDS[outcome]} ${subject}\n`;
  return `${WORDS[outcome]} ${subject} (${formatSize(size)}) as ${name}\n`;
}

/** `CI=false` is how people turn it off. */
function isCi({ env }: Terminal): boolean {
  return isSet(env['CI']) && env['CI'] !== 'false' && env['CI'] !== '0';
}

/** Text between bars would be overwritten by their next drawing. */
function aside(bars: Bars | undefined, write: () => void): void {
  bars?.clear();
  write();
}

interface Bars {
  advance(event: Advanced): void;
  clear(): void;
}

const LABELS: Readonly<Record<Advanced['stage'], string>> = {
  walk: 'Reading',
  archive: 'Archiving',
  upload: 'Uploading',
};

/** What a stage has done of what it has to do. */
interface Stage {
  readonly done: Tally;
  readonly total: Tally;
  bar?: SingleBar;
}

/** A sum over subjects, each of which is told anew as it grows. */
class Tally {
  sum = 0;
  readonly #bySubject = new Map<string, number>();

  set(subject: string, value: number): void {
    this.sum += value - (this.#bySubject.get(subject) ?? 0);
    this.#bySubject.set(subject, value);
  }

  get subjects(): number {
    return this.#bySubject.size;
  }
}

function createBars(terminal: Terminal): Bars {
  const stages = new Map<Advanced['stage'], Stage>();
  let multi: MultiBar | undefined;
  return {
    advance({ stage: name, subject, done, total }) {
      const stage = stages.get(name) ?? { done: new Tally(), total: new Tally() };
      stages.set(name, stage);
      stage.done.set(subject, done);
      if (total !== undefined) stage.total.set(subject, total);
      multi ??= createMultiBar(terminal);
      stage.bar ??= multi.create(stage.total.sum, 0, { stage: name });
      stage.bar.setTotal(Math.max(stage.done.sum, stage.total.sum));
      stage.bar.update(stage.done.sum, { known: stage.total.subjects === stage.done.subjects });
    },
    clear() {
      multi?.stop();
      multi = undefined;
      // The next event draws anew, below what was written meanwhile.
      for (const stage of stages.values()) delete stage.bar;
    },
  };
}

function createMultiBar({ stderr }: Terminal): MultiBar {
  return new cliProgress.MultiBar({
    stream: stderr as unknown as NodeJS.WritableStream,
    format: (_options, { value, total }, payload: { stage: Advanced['stage']; known?: boolean }) =>
      formatBar(payload.stage, value, payload.known === true ? total : undefined, stderr.columns ?? 80),
    clearOnComplete: true,
    hideCursor: null,
    linewrap: true,
    fps: 10,
  });
}

const BAR_WIDTH = 24;

/** `Uploading  [=========>              ]  37%  4.4 MiB of 12 MiB`, never wider than the terminal. */
function formatBar(stage: Advanced['stage'], done: number, total: number | undefined, columns: number): string {
  const amount = (number: number): string => (stage === 'walk' ? number.toLocaleString('en') : formatSize(number));
  const unit = stage === 'walk' ? ' files' : '';
  const label = LABELS[stage].padEnd(10);
  const share = total === undefined || total === 0 ? undefined : Math.min(done / total, 1);
  const text =
    share === undefined
      ? `${label} ${amount(done)}${unit}`
      : `${label} [${'='.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${String(Math.floor(share * 100)).padStart(3)}%  ${amount(done)} of ${amount(total ?? 0)}${unit}`;
  return text.slice(0, columns - 1);
}
