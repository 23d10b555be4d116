import path from 'node:path';

/**
 * Where what may be lost is kept between runs, an absolute path that need not exist. `CFN_ARTIFACTS_CACHE` names it, or turns it `off`; else it is of the user, as
 * the system has it: https://specifications.freedesktop.org/basedir-spec/latest/
 * @returns undefined where nothing is to be kept
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { CFN_ARTIFACTS_CACHE: named, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (named === 'off') return undefined;
  if (named !== undefined && named !== '') return path.resolve(named);
  // A relative one is to be ignored, says the specification.
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'cfn-artifacts');
  if (process.platform === 'win32' && local !== undefined) return path.join(local, 'cfn-artifacts', 'cache');
  const { HOME: home } = environment;
  return home === undefined || !path.isAbsolute(home) ? undefined : path.join(home, '.cache', 'cfn-artifacts');
}
