// The reference function as one CommonJS file, as it stands in templates/domain.yaml: `node handler/build.mjs [FILE]`.
import { Buffer } from 'node:buffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** What the bundle may have: the domain's template, with it inside, stays below CloudFormation's 51,200 bytes. */
export const BUNDLE_LIMIT = 34 * 1024;

/** @returns the bundle's text, and how many bytes of it come from which file */
export async function bundleReference() {
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(root, 'handler/reference/index.ts')],
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = path.resolve(process.argv[2] ?? path.join(root, 'dist/handler/index.js'));
  const { text } = await bundleReference();
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path.relative(process.cwd(), file)}: ${Buffer.byteLength(text)} bytes\n`);
}
