// Node 20 runs no TypeScript: the benchmark is bundled first. `npm run bench` builds the product before.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
// Inside the project, because the bundle leaves esbuild to node_modules.
const folder = mkdtempSync(path.join(root, 'node_modules/.bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = path.join(folder, 'bench.mjs');
await build({
  entryPoints: [path.join(root, 'test/bench/bench.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
const { bench } = await import(pathToFileURL(outfile).href);
await bench(root, process.argv.slice(2));
