import type { FileHandle } from 'node:fs/promises';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...args: unknown[]) => Promise<unknown>;

const CALLS = ['link', 'lstat', 'mkdir', 'readdir', 'rename', 'symlink', 'unlink'];
const HANDLE_CALLS = ['appendFile', 'close', 'read', 'stat', 'sync'];

/**
 * From now on tells each call of this process to the file system before it is made, as `link PATH PATH` or `sync PATH`, and makes it
 * when the telling has ended. For a process that exists for this alone.
 */
export function tellSteps(onStep: (step: string) => Promise<void> | void): void {
  const calls = fs as unknown as Record<string, Call>;
  for (const name of CALLS) {
    const call = calls[name]!;
    calls[name] = async (...args) => {
      await onStep([name, ...args.filter((arg) => typeof arg === 'string')].join(' '));
      return call(...args);
    };
  }
  const open = calls['open']!;
  calls['open'] = async (...args) => {
    await onStep(`open ${String(args[0])}`);
    const handle = (await open(...args)) as FileHandle;
    tellHandle(handle as unknown as Record<string, Call>, String(args[0]), onStep);
    return handle;
  };
  syncBuiltinESMExports();
}

function tellHandle(handle: Record<string, Call>, path: string, onStep: (step: string) => Promise<void> | void): void {
  for (const name of HANDLE_CALLS) {
    const call = handle[name]!;
    handle[name] = async (...args) => {
      await onStep(`${name} ${path}`);
      return call.apply(handle, args);
    };
  }
}
