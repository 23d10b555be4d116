import { asTyped, wordsInARow } from '../../../packager/aws-cli/caller.ts';

/** Called as `aws` would be, it tells what an alias would make of that. */
const argv = ['list', '', 'a b'];
const pid = String(process.pid);
const answers = [asTyped(argv, pid), wordsInARow(pid) && asTyped(argv, pid, wordsInARow)];
process.stdout.write(JSON.stringify(answers));
