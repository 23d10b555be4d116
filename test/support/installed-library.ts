import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './temporary.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * A folder in which `cfn-artifacts` is installed as the registry would have it, made of the sources as they are.
 * @param without names that begin so are not installed of what the package depends on: whatever loads them fails
 */
export async function installedLibrary(without: readonly string[] = []): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'project');
  const modules = path.join(folder, 'node_modules');
  const own = path.join(modules, 'cfn-artifacts');
  mkdirSync(own, { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(own, 'package.json'));
  const build = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', path.join(own, 'dist')];
  const { status, stdout } = spawnSync(process.execPath, build, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the library can't be built: ${stdout}`);
  for (const name of dependencies()) {
    if (without.some((one) => name.startsWith(one))) continue;
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  return folder;
}

/** What the package depends on, with the types of Node.js, which its users have. */
function dependencies(): readonly string[] {
  const { dependencies: own } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const smithy = readdirSync(path.join(ROOT, 'node_modules/@smithy')).map((name) => `@smithy/${name}`);
  return [...new Set([...Object.keys(own), ...smithy, '@types/node'])];
}
