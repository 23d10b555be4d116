import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import type { Folder } from './folder.ts';

const SOURCES = path.join(import.meta.dirname, '../../../packager/archive');

/** Archives what its first argument names and prints what came of it as JSON. */
const SCRIPT = `
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createArchiver, openSource } from './source.js';

const { paths, root, scratch, cache, threads, umask, read, out } = JSON.parse(process.argv[2]);
if (umask !== undefined) process.umask(umask);
const archiver = createArchiver({ reporter: () => undefined, scratch, cache, ...(threads !== undefined && { threads }) });
const project = { root, exclude: [], followExternalSymlinks: false, leaveOut: [] };
try {
  const sources = await Promise.all(paths.map((path) => openSource({ path, wanted: 'zip' }, project, archiver)));
  const archives = [];
  for (const { sourceDigest, open } of sources) {
    const content = await open();
    const { size, sha256 } = content;
    const hash = createHash('sha256');
    for await (const bytes of content.read(0, read ? size : 0)) hash.update(bytes);
    const readable = read ? hash.digest('hex') === sha256 : undefined;
    if (out !== undefined) await writeFile(out, content.read());
    archives.push({ sourceDigest, sha256, size, readable });
    await content.close();
  }
  console.log(JSON.stringify({ archives, peakMiB: process.resourceUsage().maxRSS / 1024 }));
} catch (error) {
  if (error.problems === undefined) throw error;
  console.log(JSON.stringify({ problems: error.problems.map(({ code, message }) => code + ': ' + message) }));
} finally {
  await archiver.close();
}
`;

export interface ArchiveRun {
  readonly paths: readonly string[];
  /** The project's. */
  readonly root: string;
  readonly threads?: number;
  readonly umask?: number;
  /** What is known of earlier runs stands there. */
  readonly cache?: string;
  /** Also reads each archive to its end. */
  readonly read?: boolean;
  /** Writes the archive (the last of several) to this file. */
  readonly out?: string;
}

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  /** Path of another Node.js. */
  readonly node?: string;
}

export interface ArchiveResult {
  readonly archives: readonly {
    readonly sourceDigest: string;
    readonly sha256: string;
    readonly size: number;
    readonly readable?: boolean;
  }[];
  /** Of the whole process. */
  readonly peakMiB: number;
  readonly problems?: readonly string[];
}

/** The archiver compiled as it ships, threads included, which every supported Node.js runs. Returns what archives in a process of its own. */
export async function compileArchiver(
  folder: Folder,
): Promise<(run: ArchiveRun, options?: ProcessOptions) => Promise<ArchiveResult>> {
  const outdir = folder.plant('compiled', { 'package.json': '{"type": "module"}' });
  await build({
    entryPoints: [path.join(SOURCES, 'source.ts'), path.join(SOURCES, 'archive-worker.ts')],
    ...{ outdir, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  writeFileSync(path.join(outdir, 'run.js'), SCRIPT);
  return async (run, { env = process.env, cwd = folder.path, uid, node = process.execPath } = {}) => {
    const argument = JSON.stringify({ scratch: folder.at('scratch'), ...run });
    const child = spawn(node, [path.join(outdir, 'run.js'), argument], {
      ...{ env: { ...env, NODE_OPTIONS: '' }, cwd },
      ...(uid !== undefined && { uid }),
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString()));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (status !== 0) throw new Error(`the archiving process ended with ${String(status)}: ${output.stderr}`);
    return JSON.parse(output.stdout) as ArchiveResult;
  };
}
