import { LOCAL_PLACE } from '../../repository/index.ts';
import type { Warning } from '../event.ts';
import type { Place } from '../template/place.ts';
import { formatPosition, sourcePlace, subjectOf } from '../template/place.ts';
import type { Destination } from './destination.ts';
import type { ReferencePlan } from './references.ts';
import type { LoadedPlace, Unit } from './unit.ts';
import { allUnits, isLiteral, isPinned } from './unit.ts';

/** Literal locations name one region's bucket; a packaged template without any deploys wherever its domain can be reached. */
export function boundPlaces(
  root: Unit,
  plans: ReadonlyMap<Unit, ReferencePlan>,
  { isDomain, region }: Pick<Destination, 'isDomain' | 'region'>,
): readonly Place[] {
  if (!isDomain || region === LOCAL_PLACE.region) return [];
  return allUnits(root).flatMap((unit) =>
    unit.places.filter((loaded) => isBound(unit, loaded, plans.get(unit))).map(({ place }) => place),
  );
}

export function regionWarning(
  [first, ...others]: readonly Place[],
  { region }: Pick<Destination, 'region'>,
): Warning | undefined {
  if (first === undefined) return undefined;
  const where = others.map(({ position }) => formatPosition(position));
  const more = where.length === 0 ? '' : `, and ${where.length} more like it (${where.join(', ')})`;
  return {
    code: 'bound-to-region',
    message: `${subjectOf(first)} is written as a literal${more}, which binds the packaged template to ${region}`,
    place: sourcePlace(first),
    remedy: 'For several Regions: --regions writes what each needs.',
  };
}

/** Members of an artifact that are the same wherever its content is. */
const EVERYWHERE = ['Key', 'Digest', 'CodeSha256'];

function isBound(unit: Unit, loaded: LoadedPlace, plan: ReferencePlan | undefined): boolean {
  const { place, contents } = loaded;
  // The author's own reference is resolved where it is deployed, and what the application repository reads is read once.
  if (place.type === 'Custom::ArtifactRef' || place.type === 'Metadata/AWS::ServerlessRepo::Application') return false;
  if (contents.every(({ type }) => type === 's3-uri')) return false;
  if (place.form.kind === 'artifact' && EVERYWHERE.includes(place.form.member)) return false;
  if (place.literal || isLiteral(unit)) return true;
  // A loop takes its bucket from a reference, and the versions of its objects from a mapping.
  const isVersioned = place.loop.length > 0 && isPinned(place);
  return isVersioned || plan?.uses.get(loaded)?.attributes === undefined;
}

const MEGABYTE = 1024 * 1024;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LAMBDA_ZIPPED = 50 * MEGABYTE;
const LAMBDA_UNZIPPED = 250 * MEGABYTE;

/** @param bytes of all files */
export function unzippedWarning(place: Place, file: string, bytes: number): Warning | undefined {
  if (!isLambda(place) || bytes <= LAMBDA_UNZIPPED) return undefined;
  return {
    code: 'lambda-unzipped-size',
    message: `'${file}' is ${Math.ceil(bytes / MEGABYTE)} MB unzipped, and Lambda takes 250 MB, layers included`,
    place: sourcePlace(place),
    remedy: 'Leave out what is not needed at run time with .artifactignore or --exclude.',
  };
}

/** @param bytes of the archive */
export function zippedWarning(places: readonly Place[], file: string, bytes: number): Warning | undefined {
  const place = places.find(isLambda);
  if (place === undefined || bytes <= LAMBDA_ZIPPED) return undefined;
  return {
    code: 'lambda-zipped-size',
    message: `'${file}' is ${Math.ceil(bytes / MEGABYTE)} MB zipped: above 50 MB Lambda takes it only from S3, and the console does not show it`,
    place: sourcePlace(place),
  };
}

function isLambda({ type }: Place): boolean {
  return /^AWS::(Lambda|Serverless)::(Function|LayerVersion)$/.test(type);
}
