import { randomFrom } from '../interleaving.ts';

/** What an unreliable line does to a request. */
export type Mishap =
  /** It never arrives, and the connection breaks. */
  | { readonly kind: 'lost' }
  /** It is served; the connection breaks before the answer. */
  | { readonly kind: 'unanswered' }
  /** It is served; the answer's body breaks off. */
  | { readonly kind: 'cut' }
  /** It arrives after so many milliseconds. */
  | { readonly kind: 'delayed'; readonly milliseconds: number }
  /** It arrives after so many later ones have been served. */
  | { readonly kind: 'overtaken'; readonly by: number }
  /** It is served, and once more when so many later ones have been. */
  | { readonly kind: 'repeated'; readonly after: number }
  /** The connection breaks, and it arrives when so many later ones have been served: after whatever its sender did instead. */
  | { readonly kind: 'astray'; readonly after: number }
  /** It does not arrive; the sender is told this instead. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string };

/** As far as a mishap depends on it. */
export interface Request {
  readonly method: string;
  /** With the query, as it was sent. */
  readonly url: string;
}

/** What befalls so many of a hundred requests. */
export interface Rule {
  readonly percent: number;
  readonly mishap: (random: () => number) => Mishap;
  readonly befalls?: (request: Request) => boolean;
}

/**
 * Decides by a seed, by what is asked, and by how often it was asked before: never by the order in which requests of several clients happen to
 * come.
 */
export function unreliable(seed: number, rules: readonly Rule[]): (request: Request) => Mishap | undefined {
  const seen = new Map<string, number>();
  return (request) => {
    const what = `${request.method} ${request.url}`;
    const times = (seen.get(what) ?? 0) + 1;
    seen.set(what, times);
    const random = randomFrom(hashOf(`${seed} ${times} ${what}`));
    for (const { percent, mishap, befalls } of rules) {
      const hits = random() * 100 < percent;
      if (hits && (befalls?.(request) ?? true)) return mishap(random);
    }
    return undefined;
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
