import type { SourcePlace } from '../../repository/error.ts';
import type { Warning } from '../event.ts';
import type { DisplayOptions } from './options.ts';
import { inFileOrder, writeWarnings } from './report.ts';
import type { Terminal } from './terminal.ts';

/** What there was to warn about in one run of the program. */
export interface Warnings {
  /** The same warning counts once. */
  add(warning: Warning): void;
  /** People were not told of all yet. */
  readonly areUntold: boolean;
  /** Tells people what they were not told yet. */
  tell(): void;
  /** In file order, for a JSON document. */
  all(): readonly PlainWarning[];
}

/** A warning as a script reads it. */
export interface PlainWarning {
  readonly code: string;
  readonly message: string;
  readonly place?: SourcePlace;
  readonly remedy?: string;
}

export function createWarnings(terminal: Terminal, display: Pick<DisplayOptions, 'color'>): Warnings {
  const found = new Map<string, PlainWarning>();
  const untold = new Set<PlainWarning>();
  const saidRemedies = new Set<string>();
  return {
    add(warning) {
      const identity = JSON.stringify(warning);
      if (found.has(identity)) return;
      const one = plain(warning);
      found.set(identity, one);
      untold.add(one);
    },
    get areUntold() {
      return untold.size > 0;
    },
    tell() {
      writeWarnings(terminal, inFileOrder([...untold]), display, saidRemedies);
      untold.clear();
    },
    all: () => inFileOrder([...found.values()]),
  };
}

function plain({ code, message, place, at, remedy }: Warning): PlainWarning {
  const where = at ?? (place === undefined ? undefined : parsePosition(place));
  return { code, message, ...(where !== undefined && { place: where }), ...(remedy !== undefined && { remedy }) };
}

function parsePosition(text: string): SourcePlace | undefined {
  const { file, line, column } = /^(?<file>.+):(?<line>\d+):(?<column>\d+)$/s.exec(text)?.groups ?? {};
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}
