import { isMap, valueOf } from '../../template/node.ts';
import { parseTemplate } from '../../template/text/parse.ts';

/**
 * Whether a file may be what an earlier run wrote as its template, this program's or another's that it takes the place of: a template. One that an
 * editor has made empty is nobody's loss. The templates that are packaged are none: the caller has refused them before.
 */
export function isEarlierTemplate(text: string): boolean {
  if (text === '') return true;
  try {
    const resources = valueOf(parseTemplate(text, '', { kind: 'template' }).root, 'Resources');
    return isMap(resources) && resources.entries.every(({ value }) => isMap(value) || value.kind === 'list');
  } catch {
    // Whatever it is, it is somebody's.
    return false;
  }
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
