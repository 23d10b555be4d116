import { isId, isSegment } from '../name.ts';

const PATTERN_LIMIT = 512;

/** What is wrong with a pattern of IDs, in words that go on after its name. */
export function problemOfPattern(pattern: string): string | undefined {
  // Where every `*` stands for a letter, an ID must remain.
  const isPattern = pattern.length <= PATTERN_LIMIT && isId(pattern.replaceAll('*', 'a'));
  const isClear = pattern.split('/').every((segment) => segment === '**' || !segment.includes('**'));
  return isPattern && isClear ? undefined : "must be like an ID, with '*' in segments, or '**' in the place of some";
}

/** Likewise of a pattern of labels. */
export function problemOfLabelPattern(pattern: string): string | undefined {
  const isPattern = isSegment(pattern.replaceAll('*', 'a')) && !pattern.includes('**');
  return isPattern ? undefined : "must be patterns like labels, with '*' for any characters";
}

/** Whether an ID is one that the pattern means. */
export function matchesId(pattern: string, id: string): boolean {
  const [wanted, segments] = [pattern.split('/'), id.split('/')];
  return matches(wanted, segments, (one) => one === '**', matchesSegment);
}

export function matchesSegment(pattern: string, segment: string): boolean {
  return matches(
    pattern.split(''),
    segment.split(''),
    (one) => one === '*',
    (one, other) => one === other,
  );
}

/**
 * Whether the pattern, in which some parts stand for any number of others, means these. It goes back to the last such part alone, so that no pattern takes
 * more than its length times that of what it is compared with.
 */
function matches(
  pattern: readonly string[],
  parts: readonly string[],
  isAny: (one: string) => boolean,
  isLike: (one: string, part: string) => boolean,
): boolean {
  let [at, of] = [0, 0];
  let any: { readonly at: number; of: number } | undefined;
  while (of < parts.length) {
    const [wanted, part = ''] = [pattern[at], parts[of]];
    if (wanted !== undefined && isAny(wanted)) {
      any = { at, of };
      at += 1;
    } else if (wanted !== undefined && isLike(wanted, part)) {
      at += 1;
      of += 1;
    } else if (any !== undefined) {
      any.of += 1;
      at = any.at + 1;
      of = any.of;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isAny);
}
