import type { BootstrapEvent, Plan } from '../../bootstrap/event.ts';
import { STACK } from '../../bootstrap/domain-stack.ts';
import { CHANGE_COLUMNS, changeRows } from '../../bootstrap/changes.ts';
import type { StackEvent } from '../../bootstrap/cloudformation.ts';
import type { DisplayOptions } from '../syntax/common.ts';
import { formatTable, writeNote } from './report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from './warnings.ts';

/** Shows on stderr how a domain is made. */
export interface BootstrapTalk {
  readonly tell: (event: BootstrapEvent) => void;
  /** Ends the live line. An operation that goes on without this program is told of. */
  stop(): void;
}

type Display = Pick<DisplayOptions, 'json' | 'quiet' | 'progressBar' | 'color'>;

/** @param warnings absent: nobody hears of them */
export function bootstrapTalk(terminal: Terminal, display: Display, warnings?: Warnings): BootstrapTalk {
  const talks = !display.quiet && !display.json;
  const live = new LiveLine(terminal, talks && display.progressBar && terminal.stderr.isTTY);
  const say = (line: string): void => {
    if (talks) live.write(line);
  };
  let underWay = false;
  let toDo = 0;
  let done = 0;
  const begin = (changes: number): void => {
    underWay = true;
    toDo = changes;
    done = 0;
  };
  return {
    tell: (event) => {
      switch (event.kind) {
        case 'waiting':
          begin(0);
          say(`the stack '${STACK}' is ${event.status}: waiting for it`);
          break;
        case 'begins':
          begin(event.plan.changes.length);
          say(`${DOING[event.plan.does]} the stack '${STACK}' in ${event.plan.place.region}`);
          break;
        case 'stack-event': {
          const { event: happened } = event;
          if (happened.isOfStack) break;
          if (happened.status.endsWith('_IN_PROGRESS')) live.show(progressLine(happened, done, toDo));
          else {
            done += 1;
            say(eventLine(happened));
          }
          break;
        }
        case 'over':
          underWay = false;
          live.clear();
          break;
        case 'published':
          say(`published the keeper as ${event.arn}`);
          break;
        case 'probing':
          live.show('trying the domain');
          break;
        case 'policies':
          say(event.difference);
          break;
        case 'warning':
          warnings?.add({ code: 'bootstrap', message: event.message, remedy: event.remedy });
      }
    },
    stop: () => {
      live.clear();
      if (!underWay || !terminal.signal.aborted) return;
      writeNote(
        terminal,
        `CloudFormation goes on without this program. To go on too, run: cfn-artifacts bootstrap`,
        display,
      );
    },
  };
}

const DOING: Readonly<Record<Plan['does'], string>> = {
  create: 'creating',
  update: 'updating',
  import: 'taking over the bucket into',
  delete: 'deleting what is left of',
};

const PLANNED: Readonly<Record<Plan['does'], string>> = {
  create: 'is created',
  update: 'is updated',
  import: 'is created, and takes over the bucket that is there',
  delete: 'never came to be: what is left of it is deleted (content stays)',
};

/** A step, as it is shown before it is taken. */
export function formatPlan({ does, place, changes, next }: Plan, width: number | undefined): string {
  const titles = CHANGE_COLUMNS.map((title) => ({ title }));
  return [
    `In account ${place.account}, ${place.region}, the stack '${STACK}' ${PLANNED[does]}${changes.length === 0 ? '' : ':'}\n`,
    changes.length === 0 ? '' : formatTable(titles, changeRows(changes), width),
    ...next.map((step) => `Then ${step}.\n`),
  ].join('');
}

function eventLine({ status, type, logicalId, reason }: StackEvent): string {
  const why = reason === undefined || !status.endsWith('_FAILED') ? '' : `: ${reason}`;
  return `  ${status.toLowerCase().replaceAll('_', ' ')}  ${logicalId} (${type})${why}`;
}

function progressLine({ status, logicalId }: StackEvent, done: number, toDo: number): string {
  const share = toDo === 0 ? '' : `${done} of ${toDo}  `;
  return `  ${share}${status.toLowerCase().replaceAll('_', ' ')}  ${logicalId}`;
}

/** The last line of a terminal, which is written over. */
class LiveLine {
  readonly #terminal: Terminal;
  readonly #isLive: boolean;
  #isShown = false;

  constructor(terminal: Terminal, isLive: boolean) {
    this.#terminal = terminal;
    this.#isLive = isLive;
  }

  show(line: string): void {
    if (!this.#isLive) return;
    const { stderr } = this.#terminal;
    stderr.write(`\r\u001b[K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
    this.#isShown = true;
  }

  /** A line that stays. */
  write(line: string): void {
    this.clear();
    this.#terminal.stderr.write(`${line}\n`);
  }

  clear(): void {
    if (this.#isShown) this.#terminal.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }
}
