/**
 * YAML as it stands in a file: anchors, aliases and merge keys are still there. `yaml.ts` makes it, `expand.ts` writes the
 * aliases out, and `tree.ts` turns what has none left into the node model that everybody else sees.
 */
export type SyntaxNode = ScalarSyntax | AliasSyntax | MapSyntax | ListSyntax;

/** A range of the text, UTF-16 code units, the end exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

interface SyntaxBase extends Range {
  /** Where the value itself begins, behind its tag and anchor; `start` is where those begin. */
  readonly content: number;
  readonly anchor?: Range & { readonly name: string };
  /** Resolved: `!Sub` for a local tag, `tag:yaml.org,2002:str` for a standard one, `!` for the non-specific one. */
  readonly tag?: Range & { readonly name: string };
  /**
   * Column of the block collection around it (of its keys, or of its dashes), by which YAML counts indentation; -1 at the root.
   * Inside of flow collections: that of the block around those.
   */
  readonly indent: number;
}

export interface ScalarSyntax extends SyntaxBase {
  readonly kind: 'scalar';
  /** `empty`: nothing is written, as behind `Key:`. */
  readonly form: 'plain' | 'single' | 'double' | 'block' | 'empty';
  /** Unfolded and unescaped, not yet given a type. */
  readonly value: string;
  /** Of a block scalar: `|-`, without the comment behind it, and where the lines begin. */
  readonly header?: { readonly text: string; readonly end: number };
}

export interface AliasSyntax extends SyntaxBase {
  readonly kind: 'alias';
  readonly name: string;
}

export interface MapSyntax extends SyntaxBase {
  readonly kind: 'map';
  readonly flow: boolean;
  readonly entries: readonly EntrySyntax[];
}

export interface EntrySyntax {
  /** Where the entry begins: its `? `, or the key with tag and anchor. */
  readonly start: number;
  readonly key: SyntaxNode;
  /** Behind the `:`, or behind the key where there is none. */
  readonly colon: number;
  readonly value: SyntaxNode;
  /** Written as `? key` and `: value`. */
  readonly explicit: boolean;
}

export interface ListSyntax extends SyntaxBase {
  readonly kind: 'list';
  readonly flow: boolean;
  readonly items: readonly SyntaxNode[];
}

/** What is wrong with a text, and where. */
export interface Problem {
  readonly offset: number;
  /** Lower-case, no full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** `<<: *base`: the entries of other maps stand in for this entry. Quoted, it is a key like any other. */
export function isMerge({ key }: EntrySyntax): boolean {
  return key.kind === 'scalar' && key.form === 'plain' && key.value === '<<';
}
