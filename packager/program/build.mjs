// The program as it is shipped: `node packager/program/build.mjs [--outdir FOLDER]`. Bundled, because opening hundreds of files takes longer than most runs; in pieces, of which a command loads what it needs.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build, transform } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { outdir: { type: 'string', default: path.join(root, 'dist/program') } } });
const folder = path.resolve(values.outdir);

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // What is written for `require` can't be bundled where it asks for its own parts by names that it computes.
  mainFields: ['module', 'main'],
  // Names stay, so that a stack tells something.
  minifyWhitespace: true,
  minifySyntax: true,
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
  // Finds its own program beside itself.
  external: ['esbuild'],
};

const options = {
  ...COMMON,
  entryPoints: { main: 'packager/main.ts' },
  outdir: folder,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  splitting: true,
  write: false,
  metafile: true,
};
// Built once to learn what it is made of.
const { metafile } = await build(options);
const identity = JSON.stringify(identityOf(Object.keys(metafile.inputs)));
const { outputFiles } = await build({ ...options, define: { PROGRAM_IDENTITY: identity } });

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'pieces.bin'), await inOneFile(outputFiles));
const worker = await build({
  ...COMMON,
  entryPoints: { 'archive-worker': 'packager/archive/archive-worker.ts' },
  outdir: folder,
  format: 'esm',
  metafile: true,
});
await build({
  ...COMMON,
  entryPoints: { 'cfn-artifacts': 'packager/program/launch.ts' },
  outdir: folder,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { 'import.meta.url': '__filename', 'import.meta.dirname': '__dirname' },
  banner: { js: '#!/usr/bin/env node' },
});
writeFileSync(path.join(folder, 'LICENSES.txt'), licenses([metafile, worker.metafile]));

/** As pieces.ts reads it. */
async function inOneFile(files) {
  const places = {};
  const texts = [];
  let offset = 0;
  for (const { path: file, text } of files) {
    // ASCII, as esbuild is told.
    const bytes = Buffer.from(await asCommonJs(text), 'latin1');
    places[`./${path.basename(file).replace(/\.js$/, '.cjs')}`] = [offset, bytes.byteLength];
    offset += bytes.byteLength;
    texts.push(bytes);
  }
  const header = Buffer.from(JSON.stringify(places));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.byteLength);
  return Buffer.concat([length, header, ...texts]);
}

/** The same piece for `require`: what Node compiled can be kept for CommonJS alone. */
async function asCommonJs(text) {
  // What threads run is no piece, and keeps its name: where it is not found, all is done in one thread.
  const renamed = text.replaceAll(/(["'])\.\/(?!archive-worker\.)([\w-]+)\.js\1/g, '"./$2.cjs"');
  const { code } = await transform(renamed, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname' },
    minifyWhitespace: true,
    charset: 'ascii',
    legalComments: 'none',
  });
  const own = code.includes('importMetaUrl')
    ? 'const importMetaUrl=require("node:url").pathToFileURL(__filename).href;'
    : '';
  return `${own}${code}${namesOfWhole(text)}`;
}

/** Whoever imports a CommonJS package when it is needed gets its names, as Node.js gives them: esbuild has all of it in `default` alone. */
function namesOfWhole(text) {
  if (!/\bexport default require_\w+\(\);?\s*$/.test(text)) return '';
  return '\nmodule.exports=Object.defineProperty({...module.exports.default,default:module.exports.default},"__esModule",{value:true});';
}

function identityOf(files) {
  const hash = createHash('sha256');
  for (const file of files.toSorted()) hash.update(`${file}\0`).update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

/** The licence of everything that is inside, which those licences ask for. */
function licenses(metafiles) {
  const files = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const texts = [...new Set(folders.filter((one) => one !== undefined))].sort().map((one) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(root, one, 'package.json'), 'utf8'));
    const file = readdirSync(path.join(root, one)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : `\n\n${readFileSync(path.join(root, one, file), 'utf8').trim()}`;
    return `${name} ${version} (${license})${text}\n`;
  });
  return `cfn-artifacts contains the following.\n\n${[...new Set(texts)].join(`\n${'-'.repeat(80)}\n\n`)}`;
}
