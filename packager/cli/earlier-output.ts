/** A key that every template has, in YAML or JSON. */
const TEMPLATE_KEY = /(?:^|[{,\s])["']?Resources["']?\s*:/;

/**
 * Whether a file may be what an earlier run wrote as its template, this program's or another's that it takes the place of; one that an editor has
 * made empty is nobody's loss. The templates that are packaged are none: the caller has refused them before.
 */
export function isEarlierTemplate(text: string): boolean {
  return text === '' || TEMPLATE_KEY.test(text);
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
