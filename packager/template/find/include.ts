import type { Context, Search } from './context.ts';
import { below, matches } from './match.ts';
import { considerProperty } from './value.ts';
import type { TemplateNode } from '../node.ts';
import { isInclude } from '../intrinsic.ts';
import { isList } from '../node.ts';
import type { PSEUDO_TYPES } from '../properties/property.ts';

/**
 * `Fn::Transform` with AWS::Include, one or a list; also what a list in the top-level Transform holds. A name alone has no Location.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
 *
 * @param context of the value
 */
export function considerTransforms(
  search: Search,
  value: TemplateNode,
  context: Context,
  type: typeof PSEUDO_TYPES.include | typeof PSEUDO_TYPES.topLevelInclude,
): void {
  if (isList(value)) {
    value.items.forEach((item, index) => {
      considerTransforms(search, item, below(context, index), type);
    });
    return;
  }
  if (!isInclude(value)) return;
  for (const entry of search.entries(type)) {
    for (const match of matches(value, context, entry)) considerProperty(search, entry, match);
  }
}
