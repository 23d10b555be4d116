import { ArtifactError, looksLikeArtifactArn, parseArn } from '../../repository/index.ts';
import { atHome } from '../opening/at-home.ts';
import { homeOf } from '../opening/home.ts';
import type { OpenDomain, OpenOptions, Purpose } from '../opening/opening.ts';
import type { CommandOpenOptions } from './open.ts';
import { openDomain } from './open.ts';
import type { Terminal } from './terminal.ts';

/**
 * Opens the one domain that all of these names are of, as `atHome` tells it.
 * @throws ArtifactError as `atHome` and `openDomain` do
 */
export async function openDomainOf(
  options: CommandOpenOptions,
  names: readonly string[],
  purpose: Purpose,
  terminal: Terminal,
): Promise<OpenDomain> {
  return openDomain(atHome(options, names), purpose, terminal);
}

/**
 * Opens the domain of each name by itself, each domain once.
 * @throws ArtifactError as `openDomainOf` does
 */
export function openerOf(
  options: CommandOpenOptions,
  purpose: Purpose,
  terminal: Terminal,
): (name: string) => Promise<OpenDomain> {
  const opened = new Map<string, Promise<OpenDomain>>();
  return (name) => {
    const [home] = homeOf(name);
    const key = home === undefined ? '' : Object.values(home.place).join(' ');
    const domain = opened.get(key) ?? openDomainOf(options, [name], purpose, terminal);
    opened.set(key, domain);
    return domain;
  };
}

/** An ARN in the place of a prefix: the repository and the ID that it names are what is listed. @throws ArtifactError INVALID_ARN; INVALID_ARGUMENT where it names a version */
export function withArnAsPrefix<O extends OpenOptions & { readonly prefix?: string }>(options: O): O {
  const { prefix } = options;
  if (prefix === undefined || !looksLikeArtifactArn(prefix)) return options;
  const { repository, id, version, digest } = parseArn(prefix);
  if (version === undefined && digest === undefined) return { ...options, repository, prefix: id };
  throw new ArtifactError('INVALID_ARGUMENT', `'${prefix}' names a version, and no artifacts to list`, {
    remedy: "Name the artifact alone; 'show' shows a version.",
  });
}
