import type { Changes } from './changes.ts';
import { refuse } from '../../../repository/error.ts';
import type { TemplateMemory } from '../memory.ts';
import { isMap, valueOf } from '../node.ts';
import type { MapNode } from '../node.ts';
import { findObstacles } from './obstacle.ts';
import { withRoom } from './room.ts';
import type { Template } from '../template.ts';
import { verifyRewrite } from './verify.ts';
import { writeChanges } from './write.ts';

export type { Changes } from './changes.ts';
export type { GeneratedMapping } from './mappings.ts';
export { findObstacles } from './obstacle.ts';
export { verifyRewrite } from './verify.ts';

/**
 * The template's text with the locations of artifacts in the place of what named them, and with the resources that record their use, verified. Outside of
 * the values replaced and the members added it is the template's text byte for byte, but for short tags that are spelled out where something is
 * added beside them; with nothing to do it is that text.
 * @param memory see `verifyRewrite`
 * @throws ArtifactErrors INVALID_TEMPLATE where something would have to be added that can't be, see `findObstacles`
 * @throws Error where what came out is not what was meant, a defect, see `verifyRewrite`
 */
export function rewriteTemplate(template: Template, changes: Changes, memory?: TemplateMemory): string {
  refuse(findObstacles(template, changes));
  const text = writeChanges(withRoom(template, changes), changes);
  verifyRewrite(template, changes, text, memory);
  return text;
}

/** The template's Resources, if it has any. */
export function resourcesOf({ root }: Template): MapNode | undefined {
  const resources = valueOf(root, 'Resources');
  return isMap(resources) ? resources : undefined;
}
