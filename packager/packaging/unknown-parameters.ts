import type { Warning } from '../event.ts';
import { nearest } from '../../repository/nearest.ts';
import { parametersOf } from '../template/find/parameters.ts';
import type { Template } from '../template/template.ts';

/** More names than these help nobody. */
const NAMES_SHOWN = 10;

/** Values that were given for parameters that the template does not declare: a slip, or meant for another template. */
export function unknownParameters(
  { root, file }: Template,
  overrides: Readonly<Record<string, string>>,
): readonly Warning[] {
  const declared = [...parametersOf(root, 'template', new Map()).keys()];
  const unknown = Object.keys(overrides).filter((name) => !declared.includes(name));
  return unknown.map((name) => ({
    code: 'unknown-parameter',
    message: `'${file}' has no parameter '${name}', so what --parameter-overrides gives for it counts for nothing`,
    remedy: remedyFor(name, declared),
  }));
}

function remedyFor(name: string, declared: readonly string[]): string {
  const suggestion = nearest(name, declared);
  if (suggestion !== undefined) return `Did you mean '${suggestion}'?`;
  if (declared.length === 0) return 'It has no parameters at all.';
  const others = declared.length - NAMES_SHOWN;
  return `It has ${declared.slice(0, NAMES_SHOWN).join(', ')}${others > 0 ? ` and ${others} more` : ''}.`;
}
