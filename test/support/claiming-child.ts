import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { byOne } from '../../repository/home/claim.ts';
import { contentOf, sha256 } from '../../repository/index.ts';
import { objectKey } from '../../repository/object-store.ts';
import { directoryStore } from '../../repository/stores/directory.ts';

/** One of several that want the same done in a directory, at the same moment. Says whether it did it. */

const [root = '', began = ''] = process.argv.slice(2);
const store = directoryStore(root);
const wanted = objectKey('wanted');
const chance = {
  now: () => new Date(),
  nonce: () => randomUUID().replaceAll('-', ''),
  pause: (milliseconds: number) => pause(milliseconds / 10),
};
await pause(Math.max(0, Number(began) - Date.now()));
const outcome = await byOne(
  { store, chance },
  sha256('wanted'),
  async () => ((await store.head(wanted)) === undefined ? undefined : 'there'),
  async () => {
    // Long enough for the others to look more than once.
    await pause(500);
    await store.create(wanted, contentOf('done'));
    return 'done';
  },
);
process.stdout.write(`${outcome}\n`);
