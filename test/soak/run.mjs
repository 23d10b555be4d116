import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// One file that every supported Node runs, dependencies inside.
const folder = mkdtempSync(path.join(tmpdir(), 'cfn-artifacts-soak-'));
const outfile = path.join(folder, 'soak.mjs');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
await build({
  entryPoints: [path.join(import.meta.dirname, 'soak.ts')],
  ...{
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
  },
  mainFields: ['module', 'main'],
  banner: {
    js: "import { createRequire as scriptRequire } from 'node:module'; const require = scriptRequire(import.meta.url);",
  },
});
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
