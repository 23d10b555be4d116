import os from 'node:os';
import path from 'node:path';

/** Where archives lie that are too large for memory, until they are sent. */
export function scratchFolder(): string {
  return path.join(os.tmpdir(), 'cfn-artifacts');
}
