/** One word of a command line, in quotes only where a shell would see more in it. */
export function quoteForShell(word: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\w.:\\/@%+=,~-]+$/.test(word) ? word : `"${word}"`;
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
