import { existsSync } from 'node:fs';
import path from 'node:path';
import { isWithin } from '../archive/links.ts';
import { shownPath } from '../location.ts';
import { packageOf } from './metafile.ts';
import type { BundleRequest } from './request.ts';
import { readRegularText } from '../regular-file.ts';

/** Lock files, and what installs exactly that. */
const INSTALLERS: readonly (readonly [file: string, command: string])[] = [
  ['package-lock.json', 'npm ci'],
  ['npm-shrinkwrap.json', 'npm ci'],
  ['pnpm-lock.yaml', 'pnpm install --frozen-lockfile'],
  ['yarn.lock', 'yarn install --immutable'],
  ['bun.lock', 'bun install --frozen-lockfile'],
  ['bun.lockb', 'bun install --frozen-lockfile'],
];

/** What to do where a package is not there: the command that installs it, which is left to who packages. */
export function installation(imported: string, { folder, project, cwd }: BundleRequest): string {
  const name = packageOf(imported) ?? imported;
  const external = `or, where a layer or the runtime brings it, name '${name}' under External`;
  const folders = [...upwards(folder, project.root)];
  const declaring = folders.find((one) => declares(one, name));
  if (declaring === undefined) return `Add '${name}' to a package.json and install it, ${external}.`;
  for (const one of folders.slice(folders.indexOf(declaring))) {
    const installer = INSTALLERS.find(([file]) => existsSync(path.join(one, file)));
    if (installer !== undefined) return `Run '${installer[1]}' in '${shownPath(cwd, one)}', ${external}.`;
  }
  return `Run 'npm install' in '${shownPath(cwd, declaring)}', ${external}.`;
}

function* upwards(folder: string, root: string): Generator<string> {
  for (let here = folder; ; here = path.dirname(here)) {
    yield here;
    if (here === root || !isWithin(root, here) || here === path.dirname(here)) return;
  }
}

function declares(folder: string, name: string): boolean {
  try {
    const manifest = JSON.parse(readRegularText(path.join(folder, 'package.json'))) as Record<string, unknown>;
    return ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'].some((section) =>
      Object.hasOwn(manifest[section] ?? {}, name),
    );
  } catch {
    return false;
  }
}
