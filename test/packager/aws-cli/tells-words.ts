import { asTyped } from '../../../packager/aws-cli/caller.ts';

/** Called as `aws` would be, it tells what an alias would make of that. */
process.stdout.write(JSON.stringify(asTyped(['list', '', 'a b'], String(process.pid))));
