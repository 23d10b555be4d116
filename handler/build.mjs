// The functions, each as one CommonJS file: `node handler/build.mjs [--keeper] [FILE]`.
import { Buffer } from 'node:buffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { minify } from '@swc/core';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** What the bundle may have: the domain's template, with it inside, stays below CloudFormation's 51,200 bytes. */
export const BUNDLE_LIMIT = 31 * 1024;

/** @returns the bundle's text, and how many bytes of it came from which file before it was minified once more */
export async function bundleReference() {
  const { text, parts } = await bundle('handler/reference/index.ts', [withoutKeepersWork]);
  return { text: await smaller(text), parts };
}

/** The keeper's, likewise: `node handler/build.mjs --keeper [FILE]`. It stands in an archive of its own, where nothing has to be small. */
export function bundleKeeper() {
  return bundle('handler/keeper/index.ts');
}

/** What a store can do and the reference function never asks of it, because content is the keeper's and the publisher's: by module, what it exports. */
const KEEPERS_WORK = {
  's3-content-commands.ts': ['CONTENT_COMMANDS'],
  's3-foreign.ts': ['copyForeign'],
  's3-request-body.ts': ['wholeOf'],
  's3-tag.ts': ['setTag'],
  's3-upload.ts': ['copyContent', 'uploadContent'],
};

/** Puts what fails in the place of it. What else those modules export stays as it is. */
const withoutKeepersWork = {
  name: 'without the work of the keeper',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`/(${Object.keys(KEEPERS_WORK).join('|').replaceAll('.', '\\.')})$`);
    onResolve({ filter }, ({ path: name, resolveDir, namespace }) =>
      namespace === 'lean' ? undefined : { path: path.resolve(resolveDir, name), namespace: 'lean' },
    );
    onLoad({ filter, namespace: 'lean' }, ({ path: file }) => ({
      contents: [
        `export * from ${JSON.stringify(`${file}?whole`)};`,
        ...KEEPERS_WORK[path.basename(file)].map(
          (name) => `export const ${name} = () => { throw new Error('the reference function has no ${name}'); };`,
        ),
      ].join('\n'),
      resolveDir: path.dirname(file),
    }));
    onResolve({ filter: /\?whole$/ }, ({ path: name }) => ({ path: name.replace(/\?whole$/, ''), namespace: 'file' }));
  },
};

async function bundle(entry, plugins = []) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(root, entry)],
    absWorkingDir: root,
    outfile: 'index.js',
    write: false,
    plugins,
    metafile: true,
    bundle: true,
    minify: true,
    platform: 'node',
    // Inline code is always a CommonJS `index.js`.
    format: 'cjs',
    target: 'node22',
    external: ['@aws-sdk/*'],
    // Lambda has the SDK where `require` finds it, and `import` does not.
    supported: { 'dynamic-import': false },
    // Other characters do not survive in every template.
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = Object.values(metafile.outputs);
  const parts = Object.fromEntries(
    Object.entries(output.inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput]),
  );
  return { text: outputFiles[0].text, parts };
}

/** esbuild looks at a statement at a time; what is used once and what is never used, across the whole bundle, is found here. It leaves a twentieth less when compressed. */
async function smaller(text) {
  const { code } = await minify(text, {
    module: false,
    ecma: 2022,
    compress: { toplevel: true, passes: 4 },
    mangle: { toplevel: true },
    format: { comments: false, asciiOnly: true },
  });
  return `${code}\n${EXPORTS}\n`;
}

/** What Node looks at to see what a CommonJS file exports. */
const EXPORTS = '0&&(module.exports={handler});';

/**
 * The same function in less than half the bytes: the bundle compressed, behind the few lines that unpack it when the function starts. Unpacked, it is
 * the bundle to the byte. Brotli, as Node has it by itself, because it leaves an eighth less of it than deflate.
 */
export function packed(text) {
  return [
    // Its usual level is the best one.
    `const code=require('node:zlib').brotliDecompressSync(${inAscii(brotliCompressSync(text))}).toString();`,
    `require('node:vm').compileFunction(code,['require','module','exports'],{filename:__filename})(require,module,exports);`,
    EXPORTS,
    '',
  ].join('\n');
}

/** 22 bytes are a number of 27 digits to base 92, which is but a quarter more than 256 ** 22. */
const [GROUP, DIGITS] = [22, 27];

/**
 * Bytes as an expression of JavaScript, in a tenth fewer characters than base64 takes: digits are all printable characters of ASCII but the space,
 * the quote and the backslash.
 */
export function inAscii(bytes) {
  const groups = Math.ceil(bytes.length / GROUP);
  const filled = Buffer.concat([bytes, Buffer.alloc(groups * GROUP - bytes.length)]);
  const text = Array.from({ length: groups }, (_, i) => digitsOf(filled.subarray(i * GROUP, (i + 1) * GROUP))).join('');
  const unpack = `g=>{let n=0n;for(const c of Buffer.from(g))n=n*92n+BigInt(c-33-(c>39)-(c>92));return n.toString(16).padStart(${2 * GROUP},0)}`;
  return `Buffer.from('${text}'.replace(/.{${DIGITS}}/g,${unpack}),'hex').subarray(0,${bytes.length})`;
}

function digitsOf(group) {
  let text = '';
  let rest = BigInt(`0x${group.toString('hex')}`);
  for (let i = 0; i < DIGITS; i++) {
    text = ALPHABET[Number(rest % 92n)] + text;
    rest /= 92n;
  }
  return text;
}

const ALPHABET = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(
  (one) => !`'\\`.includes(one),
);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { keeper: { type: 'boolean' } },
    allowPositionals: true,
  });
  const usual = values.keeper === true ? 'dist/keeper/index.js' : 'dist/handler/index.js';
  const file = path.resolve(positionals[0] ?? path.join(root, usual));
  const made = values.keeper === true ? await bundleKeeper() : await bundleReference();
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, made.text);
  process.stdout.write(`${path.relative(process.cwd(), file)}: ${Buffer.byteLength(made.text)} bytes\n`);
}
