import type { Alias } from './alias-file.ts';

/** Who calls this program through an alias says in it by which process of `aws` that is. */
export const AWS_PROCESS = 'CFN_ARTIFACTS_AWS_PROCESS';

/** Its words are those of this program. */
export const ARTIFACTS: Pick<Alias, 'section' | 'name'> = { section: 'toplevel', name: 'artifacts' };
/** Stands before `aws cloudformation package`. */
export const SHADOW: Pick<Alias, 'section' | 'name'> = { section: 'command cloudformation', name: 'package' };

/**
 * What an alias runs, where `sh` runs it: `$PPID` is then the `aws` that was called. `cmd.exe` of Windows has nothing of the kind.
 * @param words behind the program's name
 */
export function valueOf(platform: NodeJS.Platform, ...words: string[]): string {
  const program = ['cfn-artifacts', ...words].join(' ');
  return platform === 'win32' ? `!${program}` : `!${AWS_PROCESS}=$PPID ${program}`;
}

/** Whether this program wrote it, in any version. */
export function isOurs(value: string): boolean {
  return /^!(?:CFN_ARTIFACTS_AWS_PROCESS=\$PPID )?cfn-artifacts(?: package)?$/.test(value);
}
