import { spawnSync } from 'node:child_process';

/** Whether a process can be started that has a small file system of its own: Linux, where users may make namespaces. */
export const hasSmallDisks: boolean =
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']).status === 0;

/**
 * What to put before a command so that it finds an empty file system of that size at `folder`, which nobody else sees and which ends with
 * it.
 */
export function withDiskAt(folder: string, megabytes: number): string[] {
  const mounted = `mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && exec "$@"`;
  return ['unshare', '-rm', 'sh', '-c', mounted, folder];
}

/** Behind the title of a test that needs one. */
export const whyNoDisk: string = hasSmallDisks ? '' : ' (skipped: unshare(1) may not mount a file system here)';
