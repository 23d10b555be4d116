import os from 'node:os';
import { ownPackage } from '../own-package.ts';

/** What logs of access show: this program, not its libraries. */
export function userAgent(): [string, string?][] {
  const { name, version } = ownPackage();
  return [[name, version], [`os/${process.platform}`, os.release()], ['lang/js'], ['md/nodejs', process.versions.node]];
}
