import { sha256 } from '../repository/digest.ts';

const SHORT = 8;

/**
 * An artifact's name from the path of a construct: `Web/Api/Code`. What an ID can't have becomes `-`; a short digest stands for what would be left with
 * nothing, and behind what is taken.
 */
export function artifactName(constructPath: string, taken: ReadonlySet<string>): string {
  const name = constructPath.split('/').filter(Boolean).map(fitted).join('/');
  return taken.has(name) ? `${name}-${sha256(constructPath).slice(0, SHORT)}` : name;
}

function fitted(segment: string): string {
  const text = segment.replaceAll(/[^A-Za-z0-9._+=-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return text === '' ? sha256(segment).slice(0, SHORT) : text;
}
