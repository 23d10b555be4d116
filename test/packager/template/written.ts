import { isMap, valueOf } from '../../../packager/template/node.ts';
import type { Changes } from '../../../packager/template/rewrite/rewrite.ts';
import { verifyRewrite } from '../../../packager/template/rewrite/rewrite.ts';
import { withRoom } from '../../../packager/template/rewrite/room.ts';
import { writeChanges } from '../../../packager/template/rewrite/write.ts';
import type { Template } from '../../../packager/template/template.ts';

/**
 * The text with changes that may refer to resources that are nowhere, as many tests of forms do. Verification must find nothing else wrong.
 */
export function written(template: Template, changes: Changes): string {
  const text = writeChanges(withRoom(template, changes), changes);
  const missing = missingNames(template, changes);
  try {
    verifyRewrite(template, changes, text);
  } catch (error) {
    const { message } = error as Error;
    const name = / it refers to '([^']*)', which is not in Resources; nothing was written$/.exec(message)?.[1];
    if (name === undefined || !missing.has(name)) throw error;
  }
  return text;
}

function missingNames({ root }: Template, { rewrites, references }: Changes): ReadonlySet<string> {
  const names = new Set(rewrites.flatMap(({ references: from = [], dependsOn }) => [...from, ...dependsOn]));
  const resources = valueOf(root, 'Resources');
  for (const { logicalId } of references) names.delete(logicalId);
  if (isMap(resources)) for (const { key } of resources.entries) names.delete(key);
  return names;
}
