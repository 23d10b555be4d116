import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyContents } from '../../../packager/archive/contents.ts';
import { listingOf } from '../../../packager/archive/file-list.ts';
import { hazardWarnings } from '../../../packager/archive/hazards.ts';
import { compareUtf8 } from '../../../packager/archive/names.ts';

const FOLDERS = ['', 'a/', '.env/', 'id_rsa/', 'keys.p12/', 'b/.env.d/'];
const HARMLESS = [
  'env',
  'x.env',
  '.environment',
  '.env.example',
  '.env.local.sample',
  'id_rsa.pub',
  'my_id_rsa',
  'p12',
];
const ENVIRONMENT = ['.env', '.env.production', '.env.sample.local'];
const KEYS = ['id_rsa', 'ID_ED25519', 'id_ecdsa_sk', 'store.p12', 'STORE.JKS', '.ppk', 'a.keystore'];

/** What is told of a folder in which each name stands that is given, and a key at the beginning of some. */
function told(names: readonly string[], withKey: ReadonlySet<string>): readonly (readonly [string, string])[] {
  const state = { size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0, mode: 0 };
  const listing = listingOf(names.map((name) => ({ name, file: { ...state, path: name } })));
  const contents = emptyContents(names.length);
  for (const [i, name] of names.entries()) if (withKey.has(name)) contents.privateKeys[i] = 1;
  return hazardWarnings('code', { listing, gitFolders: [] }, contents).map(({ code, message }) => [code, message]);
}

test('of any names those are told that are meant, in their order, and no others', () => {
  const last = fc.constantFrom(...HARMLESS, ...ENVIRONMENT, ...KEYS);
  const name = fc.tuple(fc.constantFrom(...FOLDERS), last).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(name), (some, withKey) => {
      const names = some.toSorted(compareUtf8);
      const baseOf = (one: string): string => one.slice(one.lastIndexOf('/') + 1);
      const environment = names.filter((one) => ENVIRONMENT.includes(baseOf(one)));
      const keys = names.filter((one) => KEYS.includes(baseOf(one)) || withKey.includes(one));
      const warnings = new Map(told(names, new Set(withKey)));
      expect([...warnings.keys()]).toEqual([
        ...(environment.length > 0 ? ['env-file-in-archive'] : []),
        ...(keys.length > 0 ? ['private-key-in-archive'] : []),
      ]);
      for (const [code, meant] of [
        ['env-file-in-archive', environment],
        ['private-key-in-archive', keys],
      ] as const) {
        const message = warnings.get(code) ?? '';
        for (const one of meant.slice(0, 3)) expect(message).toContain(`'${one}'`);
        if (meant.length > 1) expect(message).toContain(` ${meant.length} `);
        if (meant.length > 3) expect(message).toContain(`${meant.length - 3} more`);
      }
    }),
  );
});
