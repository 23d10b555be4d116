import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { editAliases } from '../../packager/aws-cli/alias-writing.ts';

/**
 * Puts a text into an alias file, and says so. Dies, where it is told to, before it changes the permissions of what it writes to, before it writes the first byte, before all
 * are on the disk, or before they are in their place; becomes another user first, where it is told to. Nothing is masked off the permissions that it asks for.
 */

export type DiesAt = 'fchmod' | 'write' | 'fsync' | 'rename';

const [file = '', text = '', diesAt = '', uid = ''] = process.argv.slice(2);

process.umask(0);
if (uid !== '') {
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
}

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('it was killed');
};
const { writeFileSync, writeSync } = fs;
switch (diesAt as DiesAt | '') {
  case 'write':
    fs.writeFileSync = (...args) => {
      // A lock is empty.
      if (args[1] !== '') die();
      writeFileSync(...args);
    };
    fs.writeSync = die;
    break;
  case 'fchmod':
    fs.fchmodSync = die;
    break;
  case 'fsync':
    fs.fsyncSync = die;
    break;
  case 'rename':
    fs.renameSync = die;
    break;
  case '':
    break;
}
syncBuiltinESMExports();
const { isChanged } = await editAliases(file, () => text);
writeSync(1, String(isChanged));
