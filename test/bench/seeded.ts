export const SEED = 0x5eedcfa1;

/** Small, fast and the same everywhere; nothing hangs on its quality. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  'const let return await async function export import from new this if else for of throw error value key item list map set get put handler event context'.split(
    ' ',
  );

/** Text that compresses about as well as source code does. `size` in bytes. */
export function sourceText(random: () => number, size: number): string {
  const pieces: string[] = [];
  for (let length = 0; length < size;) {
    const word =
      random() < 0.8
        ? (WORDS[Math.floor(random() * WORDS.length)] ?? '')
        : `name${Math.floor(random() * 1e6).toString(36)}`;
    const piece = `${word}${random() < 0.15 ? ';\n  ' : ' '}`;
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.join('').slice(0, size);
}
