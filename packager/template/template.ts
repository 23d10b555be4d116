import type { TemplateNode } from './node.ts';
import type { Position } from './place.ts';

/** One parsed template, ready to be searched and rewritten. */
export interface Template {
  /** As the user knows the file. */
  readonly file: string;
  readonly syntax: 'json' | 'yaml';
  /** The text with aliases and merge keys expanded; without any, the source to the letter. A byte order mark is part of it. */
  readonly text: string;
  readonly root: TemplateNode;
  /** Where an offset into `text` stands in the file as it was read. */
  position(offset: number): Position;
}
