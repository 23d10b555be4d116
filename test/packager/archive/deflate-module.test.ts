import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

interface Compiler {
  main(
    args: readonly string[],
    files: {
      readonly readFile: (name: string) => string | null;
      readonly writeFile: (name: string, contents: string | Uint8Array) => void;
      readonly listFiles: () => string[];
    },
  ): Promise<{ readonly error: Error | null }>;
}

/** By a name that the type checker does not follow: the compiler's own types redefine global ones, `Array` among them, for the whole project. */
const COMPILER: string = 'assemblyscript/asc';

const FOLDER = new URL('../../../packager/archive/', import.meta.url);

/** The compiler's version is pinned, and so are these. A faster module with the same results may change them. */
const OPTIONS = [
  ...['--runtime', 'stub', '--optimizeLevel', '3', '--converge', '--noAssert'],
  ...['--initialMemory', '64', '--maximumMemory', '64', '--memoryBase', '1024'],
];

async function compile(source: string): Promise<Uint8Array> {
  let module: Uint8Array | undefined;
  const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };
  const { error } = await asc.main(['deflate.ts', '--outFile', 'deflate.wasm', ...OPTIONS], {
    readFile: (name) => (name === 'deflate.ts' ? source : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') module = contents;
    },
    listFiles: () => [],
  });
  if (module === undefined) throw new Error('deflate.assemblyscript does not compile', { cause: error });
  return module;
}

test('the deflate module is what its source compiles to', async () => {
  const module = await compile(await readFile(new URL('deflate.assemblyscript', FOLDER), 'utf8'));
  const expected = [
    '/** Made from deflate.assemblyscript: `UPDATE_GOLDEN=1` and deflate-module.test.ts. */',
    'export const DEFLATE_MODULE: string =',
    `  '${Buffer.from(module).toString('base64')}';`,
    '',
  ].join('\n');
  const file = new URL('deflate-module.ts', FOLDER);
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(file, expected);
  expect(await readFile(file, 'utf8')).toBe(expected);
});
