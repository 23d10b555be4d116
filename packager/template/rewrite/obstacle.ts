import { ArtifactError } from '../../../repository/error.ts';
import type { MapNode, TemplateNode } from '../node.ts';
import { isList, isMap, isString, valueOf } from '../node.ts';
import { isIncluded, isIntrinsic } from '../intrinsic.ts';
import type { ReferenceResource, Rewrite } from '../place.ts';
import { formatPosition } from '../place.ts';
import type { Site } from '../site.ts';
import { child, resourceAround } from '../site.ts';
import type { Template } from '../template.ts';

/** As much of the changes as is known before anything is stored. */
export interface PlannedChanges {
  readonly rewrites: readonly Pick<Rewrite, 'place' | 'dependsOn'>[];
  readonly references: readonly Pick<ReferenceResource, 'logicalId'>[];
}

/**
 * What keeps these changes from being written, each with place and remedy: a DependsOn that is no list of names, and sections or resources that a
 * function makes, so that nothing can stand beside it. AWS::Include is none of those: what stands beside it is kept. Nor is a macro that makes one
 * resource: it is given what stands beside it, and whether the DependsOn is kept is up to the macro.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
 */
export function findObstacles(template: Template, { rewrites, references }: PlannedChanges): ArtifactError[] {
  const { root } = template;
  const found = new Map<number, ArtifactError>();
  const report = ({ start }: TemplateNode, message: string, remedy: string): void => {
    const place = template.position(start);
    found.set(start, new ArtifactError('INVALID_TEMPLATE', `${formatPosition(place)}: ${message}`, { place, remedy }));
  };

  const checkSection = (name: string, what: string, orElse: string): void => {
    const section = valueOf(root, name);
    const maker = isMap(section) ? soleFunction(section) : undefined;
    if (section === undefined || maker === undefined || isIncluded(section)) return;
    report(
      section,
      `'${name}' is all made by ${maker}, so ${what} can't be added to it`,
      `Write something beside it in the section, bring it in with AWS::Include, or ${orElse}.`,
    );
  };
  if (references.length > 0) {
    checkSection('Resources', 'the references to artifacts', "package with '--references none'");
  }
  if (rewrites.some(({ place }) => place.loop.length > 0)) {
    checkSection('Mappings', 'the locations of artifacts', 'write out the loops that have their variable in a path');
  }

  for (const { place, dependsOn } of rewrites) {
    const resource = dependsOn.length === 0 ? undefined : resourceAround(root, place.pointer);
    if (resource === undefined) continue;
    checkResource(resource, report);
  }
  return [...found].toSorted(([a], [b]) => a - b).map(([, error]) => error);
}

function checkResource(resource: Site, report: (node: TemplateNode, message: string, remedy: string) => void): void {
  const { node, entry } = resource;
  const name = entry?.key ?? '';
  const maker = isMap(node) ? soleFunction(node) : undefined;
  if (maker !== undefined && valueOf(node, 'Fn::Transform') === undefined) {
    report(node, `the resource '${name}' is all made by ${maker}, so no DependsOn can be added to it`, 'Write it out.');
  }
  const there = child(resource, 'DependsOn');
  if (there !== undefined && !isNames(there.node)) {
    report(
      there.node,
      `DependsOn of '${name}' is no text and no list of texts, so nothing can be added to it`,
      'CloudFormation takes the logical IDs of resources there, and no functions.',
    );
  }
}

/** A name, names, or nothing yet. */
function isNames(node: TemplateNode): boolean {
  if (isList(node)) return node.items.every(isString);
  return isString(node) || (node.kind === 'scalar' && node.value === null);
}

/** A map that is nothing but a function: which. */
function soleFunction(node: MapNode): string | undefined {
  const [only] = node.entries;
  if (only === undefined || !isIntrinsic(node) || only.key.startsWith('Fn::ForEach::')) return undefined;
  const macro = valueOf(only.value, 'Name');
  return isString(macro) ? `the macro '${macro.value}'` : `'${only.key}'`;
}
