/** What a run read, and would read again: absolute paths, which need not exist. */
export interface Interest {
  /** Each by itself. */
  readonly files: ReadonlySet<string>;
  /** Folders with all in them. */
  readonly trees: ReadonlySet<string>;
  /** Folders that are built: what is in their `node_modules` is of interest only where a build reads it. */
  readonly sources: ReadonlySet<string>;
}

export const NO_INTEREST: Interest = { files: new Set(), trees: new Set(), sources: new Set() };

export function joined(a: Interest, b: Interest): Interest {
  return {
    files: new Set([...a.files, ...b.files]),
    trees: new Set([...a.trees, ...b.trees]),
    sources: new Set([...a.sources, ...b.sources]),
  };
}
