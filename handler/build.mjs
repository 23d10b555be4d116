// The functions, each as one CommonJS file: `node handler/build.mjs [--keeper] [FILE]`.
import { Buffer } from 'node:buffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** What the bundle may have: the domain's template, with it inside, stays below CloudFormation's 51,200 bytes. */
export const BUNDLE_LIMIT = 32 * 1024;

/** @returns the bundle's text, and how many bytes of it come from which file */
export function bundleReference() {
  return bundle('handler/reference/index.ts');
}

/** The keeper's, likewise: `node handler/build.mjs --keeper [FILE]`. It stands in an archive of its own, where nothing has to be small. */
export function bundleKeeper() {
  return bundle('handler/keeper/index.ts');
}

async function bundle(entry) {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(root, entry)],
    absWorkingDir: root,
    outfile: 'index.js',
    write: false,
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

/**
 * The same function in less than half the bytes: the bundle compressed, behind the few lines that unpack it when the function starts. Unpacked, it is
 * the bundle to the byte. Brotli, as Node has it by itself, because it leaves an eighth less of it than deflate.
 */
export function packed(text) {
  // Its usual level is the best one.
  const code = brotliCompressSync(text).toString('base64');
  return [
    `const code=require('node:zlib').brotliDecompressSync(Buffer.from('${code}','base64')).toString();`,
    `require('node:vm').compileFunction(code,['require','module','exports'],{filename:__filename})(require,module,exports);`,
    // What Node looks at to see what a CommonJS file exports.
    '0&&(module.exports={handler});',
    '',
  ].join('\n');
}

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
