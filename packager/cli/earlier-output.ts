/** What only a packaged template has: references, or keys of content. Every location that this program writes has one or the other. */
const MARKS = ['Custom::ArtifactRef', 'blobs/sha256/'];

/** Whether a file may be what an earlier run wrote as its template; one that an editor has made empty is nobody's loss. */
export function isEarlierTemplate(text: string): boolean {
  return text === '' || MARKS.some((mark) => text.includes(mark));
}

/** Whether a file may be what an earlier run wrote as its manifest. */
export function isEarlierManifest(text: string): boolean {
  if (text === '') return true;
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null && 'format' in document && 'artifacts' in document;
  } catch {
    return false;
  }
}
