/**
 * Section 5 of docs/archive-format.md once more, written from its words and for reading: slow, with arrays and maps, and nothing in common with the
 * encoder that ships. Where both give the same bytes, the page says all there is to say.
 */

interface Match {
  readonly length: number;
  readonly distance: number;
}
type Item = number | Match;

const GOLDEN = 0x9e3779b1;
const LENGTHS = bases([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5], 3).concat([
  { base: 258, extra: 0 },
]);
const DISTANCES = bases(
  Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1)),
  1,
);
const TOKEN_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FIXED = [...fill(144, 8), ...fill(112, 9), ...fill(24, 7), ...fill(8, 8)];

function bases(extras: readonly number[], first: number): { base: number; extra: number }[] {
  let next = first;
  return extras.map((extra) => {
    const base = next;
    next += 1 << extra;
    return { base, extra };
  });
}

function fill(times: number, value: number): number[] {
  return Array.from({ length: times }, () => value);
}

const lengthSymbol = (length: number): number => LENGTHS.findLastIndex(({ base }) => base <= length);
const distanceSymbol = (distance: number): number => DISTANCES.findLastIndex(({ base }) => base <= distance);

export function referenceDeflate(dictionary: Uint8Array, input: Uint8Array, ended: boolean): Buffer {
  const finder = new Finder(Buffer.concat([dictionary, input]));
  for (let p = 0; p < dictionary.byteLength; p++) finder.insert(p);
  const bits = new Bits();
  let start = dictionary.byteLength;
  while (start < finder.end) {
    const items = blockAt(start, finder);
    const next = items.reduce<number>((p, item) => p + (typeof item === 'number' ? 1 : item.length), start);
    writeBlock(bits, finder.bytes.subarray(start, next), items, ended && next === finder.end);
    start = next;
  }
  if (ended && input.byteLength === 0) {
    bits.put(3, 3);
    bits.put(0, 7);
  }
  if (!ended) writeStored(bits, Buffer.alloc(0), false);
  return bits.bytes();
}

class Finder {
  readonly end: number;
  readonly bytes: Buffer;
  readonly #last4 = new Map<number, number>();
  readonly #last3 = new Map<number, number>();
  readonly #predecessor: (number | undefined)[] = [];
  readonly #padded: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.byteLength;
    this.#padded = Buffer.concat([bytes, Buffer.alloc(8)]);
  }

  isHashed(p: number): boolean {
    return p <= this.end - 3;
  }

  insert(p: number): void {
    if (!this.isHashed(p)) return;
    const before = this.#last4.get(this.#h4(p));
    this.#predecessor[p] = before !== undefined && p - before <= 32_767 ? before : undefined;
    this.#last4.set(this.#h4(p), p);
    this.#last3.set(this.#h3(p), p);
  }

  search(p: number, shortest: number, depth: number, near: number): Match | undefined {
    let best = shortest;
    let match: Match | undefined;
    const before = this.#last3.get(this.#h3(p));
    this.insert(p);
    const max = Math.min(258, this.end - p);
    if (best === 2 && before !== undefined && p - before <= near && this.#common(before, p, 3) === 3) {
      match = { length: 3, distance: p - before };
      best = 3;
    }
    if (max <= best || max < 4) return match;
    let candidate = this.#predecessor[p];
    for (let looks = 0; candidate !== undefined && p - candidate <= 32_767 && looks < depth; looks++) {
      const length = this.#common(candidate, p, max);
      if (length >= 4 && length > best) {
        match = { length, distance: p - candidate };
        best = length;
        if (length >= 128 || length === max) break;
      }
      candidate = this.#predecessor[candidate];
    }
    return match;
  }

  #common(a: number, b: number, max: number): number {
    let length = 0;
    while (length < max && this.bytes[a + length] === this.bytes[b + length]) length++;
    return length;
  }

  #h4(p: number): number {
    return Math.imul(this.#padded.readUInt32LE(p), GOLDEN) >>> 17;
  }

  #h3(p: number): number {
    return Math.imul(this.#padded.readUIntLE(p, 3) * 256, GOLDEN) >>> 19;
  }
}

function blockAt(start: number, finder: Finder): Item[] {
  const k = new Set(finder.bytes.subarray(start, start + 4096)).size;
  const near = k > 160 ? 4096 : 512;
  const few = k > 16 ? 5 : k > 10 ? 6 : k > 5 ? 7 : k > 3 ? 8 : 9;
  const shortest = k > 45 || finder.end - start < 1024 ? 3 : few;
  const items: Item[] = [];
  let checked = 0;
  let next = 512;
  let p = start;
  const literal = (): void => {
    items.push(finder.bytes[p] ?? 0);
    p++;
  };
  while (p < finder.end && items.length < 16_384) {
    if (items.length >= next) {
      const ends = checked > 0 && changed(items, checked);
      checked = items.length;
      if (ends && items.length >= 2560 && finder.end - p > 4096) break;
      next = items.length + 512;
    }
    let match = finder.isHashed(p) ? finder.search(p, shortest - 1, 48, near) : undefined;
    if (match === undefined) {
      literal();
      continue;
    }
    let inserted = p;
    while (match.length < 128 && finder.isHashed(p + 1) && match.length <= finder.end - p - 1) {
      const other: Match | undefined = finder.search(p + 1, match.length - 1, match.length >= 32 ? 16 : 32, near);
      inserted = p + 1;
      if (other === undefined) break;
      const gain = 4 * (other.length - match.length) + log2(match.distance) - log2(other.distance);
      if (gain <= 2) break;
      literal();
      match = other;
    }
    items.push(match);
    for (let q = Math.max(inserted, p) + 1; q < p + match.length; q++) finder.insert(q);
    p += match.length;
  }
  return items;
}

const log2 = (n: number): number => 31 - Math.clz32(n);

function changed(items: readonly Item[], before: number): boolean {
  const classOf = (item: Item): number => (typeof item === 'number' ? item >> 4 : item.length <= 8 ? 16 : 17);
  const o = fill(18, 0);
  const f = fill(18, 0);
  items.forEach((item, i) => {
    const counts = i < before ? o : f;
    counts[classOf(item)] = (counts[classOf(item)] ?? 0) + 1;
  });
  const fresh = items.length - before;
  const difference = o.reduce((sum, old, c) => sum + Math.abs((f[c] ?? 0) * before - old * fresh), 0);
  return 100 * difference > 30 * before * fresh;
}

function codeLengths(counts: readonly number[], limit: number): number[] {
  const used = counts
    .flatMap((count, symbol) => (count > 0 ? [{ count, symbol }] : []))
    .sort((a, b) => a.count - b.count || a.symbol - b.symbol);
  const result = fill(counts.length, 0);
  if (used.length < 2) {
    const only = used[0]?.symbol ?? 0;
    result[only] = 1;
    result[only === 0 ? 1 : 0] = 1;
    return result;
  }
  const perLength = fill(limit + 1, 0);
  for (const depth of depths(used.map(({ count }) => count))) {
    const length = Math.min(depth, limit);
    perLength[length] = (perLength[length] ?? 0) + 1;
  }
  const sum = (): number => perLength.reduce((total, n, length) => total + (length > 0 ? n * 2 ** -length : 0), 0);
  while (sum() > 1) {
    const length = perLength.findLastIndex((n, i) => n > 0 && i < limit);
    perLength[length] = (perLength[length] ?? 0) - 1;
    perLength[length + 1] = (perLength[length + 1] ?? 0) + 2;
    perLength[limit] = (perLength[limit] ?? 0) - 1;
  }
  const longestFirst = perLength.flatMap((n, length) => fill(n, length)).reverse();
  used.forEach(({ symbol }, i) => {
    result[symbol] = longestFirst[i] ?? 0;
  });
  return result;
}

interface Node {
  readonly weight: number;
  readonly leaves: readonly number[];
}

/** Depth of each leaf; the weights ascend. */
function depths(weights: readonly number[]): number[] {
  const result = fill(weights.length, 0);
  const leaves: Node[] = weights.map((weight, i) => ({ weight, leaves: [i] }));
  const nodes: Node[] = [];
  const smallest = (): Node => {
    const [leaf] = leaves;
    const [node] = nodes;
    const taken =
      node === undefined || (leaf !== undefined && leaf.weight <= node.weight) ? leaves.shift() : nodes.shift();
    if (taken === undefined) throw new Error('no node left');
    return taken;
  };
  while (leaves.length + nodes.length > 1) {
    const pair = [smallest(), smallest()];
    const below = pair.flatMap((node) => node.leaves);
    for (const leaf of below) result[leaf] = (result[leaf] ?? 0) + 1;
    nodes.push({ weight: pair.reduce((sum, { weight }) => sum + weight, 0), leaves: below });
  }
  return result;
}

/** Canonical codes, as text of bits in the order in which they are written. */
function codesOf(lengths: readonly number[]): string[] {
  const codes = fill(lengths.length, 0).map(() => '');
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    lengths.forEach((of, symbol) => {
      if (of === length) codes[symbol] = (code++).toString(2).padStart(length, '0');
    });
    code *= 2;
  }
  return codes;
}

function tokensOf(lengths: readonly number[]): { token: number; extra: number; bits: number }[] {
  const tokens: { token: number; extra: number; bits: number }[] = [];
  for (let i = 0; i < lengths.length;) {
    const length = lengths[i] ?? 0;
    let run = 1;
    while (lengths[i + run] === length) run++;
    i += run;
    const one = { token: length, extra: 0, bits: 0 };
    if (length === 0) {
      for (; run >= 11; run -= Math.min(run, 138)) tokens.push({ token: 18, extra: Math.min(run, 138) - 11, bits: 7 });
      if (run >= 3) tokens.push({ token: 17, extra: run - 3, bits: 3 });
      if (run < 3) tokens.push(...Array.from({ length: run }, () => one));
    } else {
      tokens.push(one);
      run--;
      for (; run >= 3; run -= Math.min(run, 6)) tokens.push({ token: 16, extra: Math.min(run, 6) - 3, bits: 2 });
      tokens.push(...Array.from({ length: run }, () => one));
    }
  }
  return tokens;
}

function writeBlock(bits: Bits, content: Buffer, items: readonly Item[], final: boolean): void {
  const literals = fill(286, 0);
  const distances = fill(30, 0);
  const bump = (counts: number[], symbol: number): void => {
    counts[symbol] = (counts[symbol] ?? 0) + 1;
  };
  for (const item of items) {
    if (typeof item === 'number') bump(literals, item);
    else {
      bump(literals, 257 + lengthSymbol(item.length));
      bump(distances, distanceSymbol(item.distance));
    }
  }
  literals[256] = 1;
  const literalLengths = codeLengths(literals, 15);
  const distanceLengths = codeLengths(distances, 15);
  const literalCount = Math.max(257, literalLengths.findLastIndex((length) => length > 0) + 1);
  const distanceCount = Math.max(1, distanceLengths.findLastIndex((length) => length > 0) + 1);
  const tokens = tokensOf([...literalLengths.slice(0, literalCount), ...distanceLengths.slice(0, distanceCount)]);
  const tokenCounts = fill(19, 0);
  for (const { token } of tokens) bump(tokenCounts, token);
  const tokenLengths = codeLengths(tokenCounts, 7);
  const tokenCount = Math.max(4, TOKEN_ORDER.findLastIndex((token) => (tokenLengths[token] ?? 0) > 0) + 1);

  const header = new Bits();
  header.put(literalCount - 257, 5);
  header.put(distanceCount - 1, 5);
  header.put(tokenCount - 4, 4);
  for (const token of TOKEN_ORDER.slice(0, tokenCount)) header.put(tokenLengths[token] ?? 0, 3);
  const tokenCodes = codesOf(tokenLengths);
  for (const { token, extra, bits: n } of tokens) {
    header.putCode(tokenCodes[token] ?? '');
    header.put(extra, n);
  }
  const own = new Bits();
  writeItems(own, items, codesOf(literalLengths), codesOf(distanceLengths));
  const fixed = new Bits();
  writeItems(fixed, items, codesOf(FIXED), codesOf(fill(32, 5)));

  const pieces = Math.ceil(content.byteLength / 65_535);
  const padding = (8 - ((bits.length + 3) % 8)) % 8;
  const stored = padding + 32 * pieces + 8 * (pieces - 1) + 8 * content.byteLength;
  const ownLength = header.length + own.length;
  if (stored <= ownLength && stored <= fixed.length) {
    writeStored(bits, content, final);
  } else if (fixed.length <= ownLength) {
    bits.put((final ? 1 : 0) | 2, 3);
    bits.append(fixed);
  } else {
    bits.put((final ? 1 : 0) | 4, 3);
    bits.append(header);
    bits.append(own);
  }
}

function writeItems(
  bits: Bits,
  items: readonly Item[],
  literals: readonly string[],
  distances: readonly string[],
): void {
  for (const item of items) {
    if (typeof item === 'number') {
      bits.putCode(literals[item] ?? '');
      continue;
    }
    const length = LENGTHS[lengthSymbol(item.length)] ?? { base: 0, extra: 0 };
    bits.putCode(literals[257 + lengthSymbol(item.length)] ?? '');
    bits.put(item.length - length.base, length.extra);
    const distance = DISTANCES[distanceSymbol(item.distance)] ?? { base: 0, extra: 0 };
    bits.putCode(distances[distanceSymbol(item.distance)] ?? '');
    bits.put(item.distance - distance.base, distance.extra);
  }
  bits.putCode(literals[256] ?? '');
}

function writeStored(bits: Bits, content: Buffer, final: boolean): void {
  let at = 0;
  do {
    const piece = content.subarray(at, at + 65_535);
    at += piece.byteLength;
    bits.put(final && at === content.byteLength ? 1 : 0, 3);
    bits.align();
    bits.put(piece.byteLength, 16);
    bits.put(piece.byteLength ^ 0xffff, 16);
    for (const byte of piece) bits.put(byte, 8);
  } while (at < content.byteLength);
}

class Bits {
  readonly #bits: number[] = [];

  get length(): number {
    return this.#bits.length;
  }

  put(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.#bits.push((value >> i) & 1);
  }

  putCode(code: string): void {
    for (const bit of code) this.#bits.push(bit === '1' ? 1 : 0);
  }

  append(other: Bits): void {
    for (const bit of other.#bits) this.#bits.push(bit);
  }

  align(): void {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
  }

  bytes(): Buffer {
    this.align();
    const bytes = Buffer.alloc(this.#bits.length / 8);
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (bit << (i & 7));
    });
    return bytes;
  }
}
