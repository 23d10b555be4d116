import { ArtifactError, LOCAL_PLACE, looksLikeArtifactArn, parseArn, samePlace } from '../../repository/index.ts';
import type { Home } from '../opening/home.ts';
import { homeOf, whereOf } from '../opening/home.ts';
import type { OpenDomain, OpenOptions, Purpose } from '../opening/opening.ts';
import { openDomain } from './open.ts';
import type { Terminal } from './terminal.ts';

/**
 * An ARN says where it is at home: its account and region name the domain's bucket, which must be that account's, and the descriptor in it says the rest. So a
 * command that is given one needs to be told no domain.
 */

/**
 * Opens the one domain that all of these names are of: where one is an ARN and the command is not told where to work, that of the ARN. Of an ARN that turns out to
 * be of another domain than the other names, whoever resolves it tells that.
 * @param names as given
 * @throws ArtifactError INVALID_ARGUMENT where ARNs are of several domains, or an option contradicts one; as `openDomain` does
 */
export async function openDomainOf(
  options: OpenOptions,
  names: readonly string[],
  purpose: Purpose,
  terminal: Terminal,
): Promise<OpenDomain> {
  const homes = names.flatMap(homeOf);
  const [first, ...others] = homes;
  if (first === undefined || options.domain !== undefined) return openDomain(options, purpose, terminal);
  const other = others.find(({ place }) => !samePlace(place, first.place));
  if (other !== undefined) throw ofSeveral(homes);
  requireAgreement(options, first);
  // Names without a home are looked for where they always are.
  const isWhole = homes.length === names.length;
  return openDomain(isWhole ? { ...options, home: first } : options, purpose, terminal);
}

/**
 * Opens the domain of each name by itself, each domain once.
 * @throws ArtifactError as `openDomainOf` does
 */
export function openerOf(
  options: OpenOptions,
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

function ofSeveral(homes: readonly Home[]): ArtifactError {
  const byPlace = new Map(homes.map((home) => [whereOf(home.place), home.arn]));
  const told = [...byPlace].map(([where, arn]) => `'${arn}' of ${where}`);
  return new ArtifactError('INVALID_ARGUMENT', `the ARNs are of ${byPlace.size} domains: ${told.join(', ')}`, {
    remedy: 'Each call works in one domain: name what is in another one in a call of its own.',
  });
}

/** @throws ArtifactError INVALID_ARGUMENT */
function requireAgreement({ region, domainOwner }: OpenOptions, { arn, place }: Home): void {
  if (place.region === LOCAL_PLACE.region) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${arn}' is at home in a directory, and does not tell in which`, {
      remedy: 'Name it with --domain file:DIRECTORY.',
    });
  }
  const contradictions = [
    { option: '--region', given: region, own: place.region },
    { option: '--domain-owner', given: domainOwner, own: place.account },
  ].filter(({ given, own }) => given !== undefined && given !== own);
  if (contradictions.length === 0) return;
  const options = contradictions.map(({ option, given }) => `${option} ${String(given)}`).join(' ');
  throw new ArtifactError('INVALID_ARGUMENT', `'${options}' contradicts '${arn}', which is of ${whereOf(place)}`, {
    remedy: `Leave out ${contradictions.map(({ option }) => option).join(' and ')}: an ARN says where it is at home.`,
  });
}
