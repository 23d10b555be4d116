import type { Planted } from './folder.ts';
import { logLines, noise } from './folder.ts';

/** Trees whose archives are written down in test/golden/archive/format-1.json. They are never changed, only added to. */
export const GOLDEN_TREES: Readonly<Record<string, () => Readonly<Record<string, Planted>>>> = {
  'one small file': () => ({ 'index.js': 'export const handler = async () => ({ statusCode: 200 });\n' }),
  'names and modes': () => ({
    '.hidden': 'dot',
    'a.txt': 'a',
    'a/b/c': 'nested',
    'a-b': 'before the slash',
    'bin/run.sh': { content: '#!/bin/sh\necho run\n', mode: 0o755 },
    empty: '',
    'é.txt': 'composed',
    '\uff41': 'full width',
    '\u{1f600}/\u{1d11e}': 'beyond the basic plane',
  }),
  'kinds of content': () => ({
    'log.txt': logLines(300_000, 11),
    'noise.bin': noise(100_000, 12),
    'zeros.bin': Buffer.alloc(70_000),
    'hex.txt': noise(40_000, 13).toString('hex'),
    'base64.txt': noise(40_000, 14).toString('base64'),
    'few.txt': noise(30_000, 15).map((value) => 65 + (value & 3)),
    'mixed.bin': Buffer.concat([logLines(60_000, 16), noise(60_000, 17), logLines(60_000, 18)]),
    'table.json': JSON.stringify(
      Array.from({ length: 2000 }, (_, i) => ({ id: i * 7919, name: `item ${i % 97}`, on: i % 3 === 0 })),
    ),
  }),
  'many files': () =>
    Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [
        `package${i % 20}/lib/file${i}.js`,
        logLines(50 + ((i * 37) % 3000), i % 150),
      ]),
    ),
  'large content': () => ({
    'big.log': Buffer.concat([logLines(2_500_000, 21), noise(300_000, 22), logLines(700_000, 21)]),
    'big.bin': noise(1_300_000, 23),
    'exactly-one-piece.log': logLines(1_048_576, 24),
    'one-byte-more.log': logLines(1_048_577, 24),
  }),
};
