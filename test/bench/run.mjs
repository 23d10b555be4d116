// Node 20 runs no TypeScript: the benchmark is bundled first. `npm run bench` builds the product before.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
// Inside the project, because the bundle leaves esbuild to node_modules.
const folder = mkdtempSync(path.join(root, 'node_modules/.bench-'));
const outfile = path.join(folder, 'bench.mjs');
try {
  await build({
    entryPoints: [path.join(root, 'test/bench/bench.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  process.exitCode =
    spawnSync(process.execPath, [outfile, root, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
