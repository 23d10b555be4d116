/** For the end of a title: why a test is skipped here; nothing where it runs. */
export function whySkipped(runs: boolean, why: string): string {
  return runs ? '' : ` (skipped: ${why})`;
}
