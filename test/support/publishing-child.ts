import { randomUUID } from 'node:crypto';
import { establishDomain, LOCAL_PLACE, ownKeeper } from '../../repository/index.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import { publishStubbornly } from './publish-stubbornly.ts';
import type { Wanted } from './publish-stubbornly.ts';

/** Publishes to a directory domain, all of it at once, from a given moment on. Prints what came of each. */
const [root = '', moment = '', wanted = '[]'] = process.argv.slice(2);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const store = directoryStore(root);
const chance = {
  now: () => new Date(),
  nonce: () => randomUUID().replaceAll('-', ''),
  pause: (milliseconds: number) => pause(milliseconds / 10),
};
const domain = await establishDomain({ store, keeper: ownKeeper(store), chance }, { ...LOCAL_PLACE, bucket: 'local' });
await pause(Number(moment) - Date.now());
const got = await Promise.all((JSON.parse(wanted) as readonly Wanted[]).map((one) => publishStubbornly(domain, one)));
process.stdout.write(JSON.stringify(got));
