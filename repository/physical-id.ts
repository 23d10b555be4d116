import { looksLikeArtifactArn, parseArn } from './arn.ts';
import type { StackResource } from './stack-id.ts';

/** What stands for the ARNs where one ID means many, or where none is known yet. */
const MANY = 'artifacts';

/**
 * Bytes. CloudFormation takes 1,024; but the ID stands in the answer beside an ARN, a key and a URL that can be as long, and all of it has to fit
 * into 4,096.
 */
const ID_LIMIT = 700;

/** RequestIds are UUIDs; what else could be a segment of a key is taken as well. */
export function isGeneration(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(text);
}

/**
 * Begins with what people look for, and ends with what names the binding. Depends on nothing else: the same binding has the same ID for ever.
 * @param arn names content; absent of many
 */
export function formatPhysicalId(generation: string, arn?: string): string {
  const id = `${arn ?? MANY}/${generation}`;
  return Buffer.byteLength(id) > ID_LIMIT ? `${MANY}/${generation}` : id;
}

/** The generation that an ID of ours names. */
export function generationOf(id: string): string | undefined {
  const slash = id.lastIndexOf('/');
  const generation = id.slice(slash + 1);
  return slash > 0 &&
    isGeneration(generation) &&
    (id.startsWith(`${MANY}/`) ? slash === MANY.length : namesContent(id.slice(0, slash)))
    ? generation
    : undefined;
}

function namesContent(arn: string): boolean {
  try {
    return looksLikeArtifactArn(arn) && parseArn(arn).digest !== undefined;
  } catch {
    return false;
  }
}

/** Whether CloudFormation made the ID up, because it never got an answer to a Create. */
export function isInvented(id: string, { stack, logicalId }: StackResource): boolean {
  const beginning = `${stack}-${logicalId}-`;
  return id.startsWith(beginning) && /^[A-Z0-9]+$/.test(id.slice(beginning.length));
}
