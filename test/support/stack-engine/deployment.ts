import { UnsupportedError } from './error.ts';
import { included } from './include.ts';
import { unrolled } from './loop.ts';
import type { GivenParameters } from './parameters.ts';
import { chosenParameters } from './parameters.ts';
import { withoutServerless } from './sam.ts';
import type { Deployment } from './stack.ts';
import { parseText, templateOf, transformsOf } from './template.ts';
import { canonical, mapOf } from './value.ts';
import type { ValueMap } from './value.ts';
import type { World } from './world.ts';

const TRANSFORMS = new Set(['AWS::Include', 'AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31']);

/** A template's text with its transforms carried out and its parameters chosen. */
export async function deploymentOf(
  source: string,
  given: GivenParameters,
  previous: GivenParameters,
  world: World,
): Promise<Deployment> {
  const written = parseText(source);
  const transforms = transformsOf(written);
  for (const name of transforms) if (!TRANSFORMS.has(name)) throw new UnsupportedError(`the transform ${name}`);
  let template = await included(written, world.content);
  const declarations = mapOf(template['Parameters']) as Readonly<Record<string, ValueMap>>;
  const parameters = chosenParameters(declarations, given, previous);
  if (transforms.includes('AWS::LanguageExtensions')) template = unrolled(template, parameters);
  if (transforms.includes('AWS::Serverless-2016-10-31')) template = withoutServerless(template, parameters);
  return { source, content: canonical(template), template: templateOf(template), parameters };
}
