/** Put in when the program is built: a digest of everything that is in it. */
declare const PROGRAM_IDENTITY: string | undefined;

/** Which program this is, to the byte. `undefined` of sources that were not built: they change while they are run. */
export function programIdentity(): string | undefined {
  return typeof PROGRAM_IDENTITY === 'undefined' ? undefined : PROGRAM_IDENTITY;
}
