import { nearest } from '../../repository/nearest.ts';

/** Order of the UTF-8 bytes of two names, without making them. */
export function compareUtf8(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts characters beyond the basic plane, which it writes as surrogates, before U+E000; UTF-8 puts them last. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The name of `candidates` that was most likely meant: only its Unicode normalization or its case differs, or a letter or two. */
export function similarName(wanted: string, candidates: readonly string[]): string | undefined {
  return (
    candidates.find((candidate) => candidate.normalize() === wanted.normalize()) ??
    candidates.find((candidate) => differsInCase(wanted, candidate)) ??
    nearest(wanted, candidates)
  );
}

/** Whether two names are one on a file system that takes no notice of case. Not of names that are equal. */
export function differsInCase(a: string, b: string): boolean {
  return a !== b && a.toLowerCase() === b.toLowerCase();
}
