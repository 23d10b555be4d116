import type { Unreadable } from '../../../repository/unreadable.ts';
import type { Warning } from '../../event.ts';
import type { MessageDisplay } from './report.ts';
import { inFileOrder, writeWarnings } from './report.ts';
import type { Terminal } from '../terminal.ts';

/** What there was to warn about in one run of the program. */
export interface Warnings {
  /** The same warning counts once. */
  add(warning: Warning): void;
  /** People were not told of all yet. */
  readonly areUntold: boolean;
  /** Tells people what they were not told yet. */
  tell(): void;
  /** In file order, for a JSON document. */
  all(): readonly Warning[];
  /** Whether a note that is no warning is to be told: not if the run before had it in the same words. It counts as told. */
  isNews(note: string): boolean;
  /** All that there was to tell, word by word, told or not: for the run that comes after this one. */
  readonly words: ReadonlySet<string>;
}

/**
 * None at first. `tell` writes to the terminal, as `writeWarnings` does.
 * @param before what the run before this one had to tell, where people see both: it is not told again
 */
export function createWarnings(
  terminal: Terminal,
  display: Pick<MessageDisplay, 'color' | 'completing'>,
  before: ReadonlySet<string> = new Set(),
): Warnings {
  const all = new Map<string, Warning>();
  const notes = new Set<string>();
  const untold = new Set<Warning>();
  const saidRemedies = new Set<string>();
  return {
    add(found) {
      const warning = completed(found, display);
      const identity = JSON.stringify(warning);
      if (all.has(identity)) return;
      all.set(identity, warning);
      if (!before.has(identity)) untold.add(warning);
    },
    get areUntold() {
      return untold.size > 0;
    },
    tell() {
      writeWarnings(terminal, inFileOrder([...untold]), display, saidRemedies);
      untold.clear();
    },
    all: () => inFileOrder([...all.values()]),
    isNews(note) {
      notes.add(note);
      return !before.has(note);
    },
    get words() {
      return new Set([...all.keys(), ...notes]);
    },
  };
}

function completed(warning: Warning, { completing }: Pick<MessageDisplay, 'completing'>): Warning {
  const { remedy } = warning;
  return remedy === undefined || completing === undefined ? warning : { ...warning, remedy: completing(remedy) };
}

/** For who looks: records that can't be read are warned about, and what else there is is told. */
export function unreadableIn(warnings: Pick<Warnings, 'add'>): Unreadable {
  return ({ message, remedy }) => {
    warnings.add({
      code: 'unreadable-record',
      message,
      remedy: [remedy, "'cfn-artifacts verify' tells everything that can't be read."]
        .filter((line) => line !== undefined)
        .join('\n'),
    });
  };
}
