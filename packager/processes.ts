import { hasCode } from '../repository/index.ts';

/** Whether a process of that number runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return !hasCode(error, 'ESRCH');
  }
}
