/** What has to come up in every run of many sequences: a property says nothing about what was never tried. */
export const KINDS = [
  'stack created',
  'creation rolled back',
  'stack updated',
  'update rolled back',
  'rollback continued',
  'stack deleted',
  'stack deleted by force',
  'deletion failed',
  'two operations at once',
  'went back',
  'nested stack',
  'grouped reference',
  'pinned reference',
  'published version outlives its update',
  'logical ID renamed',
  'reference removed',
  'artifact replaced',
  'content changed',
  'artifact in several stacks',
  'replaced reference rolled back by an Update',
  'replaced reference rolled back without an Update',
  'Create cancelled',
  'Update cancelled',
  'Delete with an invented ID',
  'Delete after a fault',
  'killed',
  'delivered again after an error',
  'delivered twice',
  'delivered late',
  'answer dropped',
  'failed on purpose',
  'refused what was given up',
  'collection',
  'version given up',
  'deletion refused',
  'version undeleted',
  'content condemned',
  'content deleted',
  'content deleted during an operation',
  'condemnation cancelled',
  'condemnation cancelled by the function',
  'condemnation forgotten',
  'in quarantine still',
  'quarantine waited for',
  'item failed',
  'reference added by hand',
  'reference removed by hand',
  'promise kept',
  'published beside a deploy',
  'found published',
  'published under a label',
  'published as a candidate',
  'promoted',
  'promoted before',
  'source of a promotion held',
  'bookmark moved',
  'bookmark deleted',
  'bookmark looked at',
  'label looked at',
  'status changed',
  'audit healed',
  'verification healed',
  'scheduled work',
  'work refused',
  'work given up',
  'keeper killed',
  'time jumped',
  'left to nobody',
  'function left behind',
  'compared exactly',
  'compared after a crash',
  'fault of the store',
  'failure of the store',
  'echo of one’s own writing',
  'late duplicate',
  'slow listing',
] as const;
export type Kind = (typeof KINDS)[number];

/** Faults among them, as they happened. */
const FAULTS: readonly Kind[] = [
  ...(['killed', 'delivered twice', 'delivered late', 'answer dropped', 'failed on purpose'] as const),
  ...(['Create cancelled', 'Update cancelled', 'fault of the store', 'keeper killed'] as const),
  ...(['failure of the store', 'echo of one’s own writing', 'late duplicate', 'slow listing'] as const),
];

/** Too rare to be asked for, or of some stores alone. */
const RARE: readonly Kind[] = [
  ...(['stack deleted by force', 'function left behind', 'item failed', 'work given up'] as const),
  ...(['verification healed', 'condemnation cancelled by the function', 'condemnation forgotten'] as const),
  ...(['rollback continued', 'fault of the store', 'promoted before'] as const),
];

/** Sequences in which the rarest of the others comes up ten times or so. */
export const ENOUGH = 500;

export class Coverage {
  readonly counts: Map<Kind, number> = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
  sequences = 0;
  operations = 0;
  events = 0;
  requests = 0;
  /** Of everybody, to a store in this process. */
  storeRequests = 0;
  /** Histories in which something was lost, or left. */
  lost = 0;

  count(kind: Kind, times = 1): void {
    this.counts.set(kind, this.of(kind) + times);
  }

  of(kind: Kind): number {
    return this.counts.get(kind) ?? 0;
  }

  get faults(): number {
    return FAULTS.reduce((sum, kind) => sum + this.of(kind), 0);
  }

  /** What never came up, in so many sequences that it must. */
  get unexpectedlyMissing(): readonly Kind[] {
    return this.sequences < ENOUGH ? [] : KINDS.filter((kind) => this.of(kind) === 0 && !RARE.includes(kind));
  }

  /** For people, in one line. */
  get summary(): string {
    const [collections, deleted] = [this.of('collection'), this.of('content deleted')];
    const rescued = this.of('condemnation cancelled') + this.of('version undeleted') + this.of('deletion refused');
    return `${this.sequences} histories, ${this.operations} operations, ${this.faults} faults, ${collections} collections, ${deleted} deleted, ${rescued} rescued, ${this.lost} lost`;
  }

  /** For people, in a few lines. */
  toString(): string {
    const { sequences, operations, events, requests, storeRequests, faults } = this;
    const kinds = [...this.counts].map(([kind, times]) => `${kind} ${times}`).join(', ');
    return `${sequences} sequences, ${operations} operations, ${events} deliveries, ${requests} requests of theirs and ${storeRequests} of all, ${faults} faults: ${kinds}`;
  }
}
