/** IDs may be given with their repository, as they are shown. `undefined`: all of it. */
export function prefixIn(repository: string, prefix: string | undefined): string | undefined {
  if (prefix === repository + '/') return undefined;
  return prefix?.startsWith(`${repository}/`) === true ? prefix.slice(repository.length + 1) : prefix;
}
