import os from 'node:os';
import path from 'node:path';

/** Where archives lie that are too large for memory, until they are sent. A folder for each user: one can't write in another's. */
export function scratchFolder(): string {
  return path.join(os.tmpdir(), `cfn-artifacts-${process.getuid?.() ?? 'user'}`);
}
