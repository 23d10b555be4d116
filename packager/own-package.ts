import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const OWN_NAME = 'cfn-artifacts';

let own: { readonly name: string; readonly version: string } | undefined;

/** This program's own name and version: its `package.json` stands above this file in the sources as in the build. */
export function ownPackage(): { readonly name: string; readonly version: string } {
  own ??= findOwnPackage();
  return own;
}

function findOwnPackage(): { readonly name: string; readonly version: string } {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === OWN_NAME && version !== undefined) return { name, version };
    } catch {
      // Not here.
    }
    if (folder === path.dirname(folder)) return { name: OWN_NAME, version: 'unknown' };
  }
}
