import { ArtifactError, LOCAL_PLACE, samePlace } from '../../repository/index.ts';
import type { Home } from './home.ts';
import { homeOf, whereOf } from './home.ts';
import type { OpenOptions } from './opening.ts';

/**
 * An ARN says where it is at home: its account and region name the domain's bucket, which must be that account's, and the descriptor in it says the rest. So who
 * is given one needs to be told no domain.
 */

/**
 * The options with which the one domain is opened that all of these names are of: where one is an ARN and nobody is told where to work, that of the ARN. Of an ARN
 * that turns out to be of another domain than the other names, whoever resolves it tells that.
 * @param names as given
 * @throws ArtifactError INVALID_ARGUMENT where ARNs are of several domains, or an option contradicts one
 */
export function atHome<O extends OpenOptions>(options: O, names: readonly string[]): O & OpenOptions {
  const homes = names.flatMap(homeOf);
  const [first, ...others] = homes;
  if (first === undefined || options.domain !== undefined) return options;
  const other = others.find(({ place }) => !samePlace(place, first.place));
  if (other !== undefined) throw ofSeveral(homes);
  requireAgreement(options, first);
  // Names without a home are looked for where they always are.
  return homes.length === names.length ? { ...options, home: first } : options;
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
