import { LOCAL_PLACE } from '../../repository/index.ts';
import { allPlaces } from './artifact.ts';
import type { Destination } from './destination.ts';
import type { Warning } from '../event.ts';
import type { Unit } from './load.ts';
import { isLiteral } from './references.ts';
import { formatPosition } from '../template/place.ts';

/** Literal locations name one region's bucket; a packaged template without any deploys wherever its domain can be reached. */
export function regionWarning(root: Unit, { isDomain, region }: Destination): Warning | undefined {
  if (!isDomain || region === LOCAL_PLACE.region) return undefined;
  const literal = [...allPlaces(root)].filter(
    ({ place, unit }) => (place.literal || isLiteral(unit)) && place.type !== 'Custom::ArtifactRef',
  );
  const [first] = literal;
  if (first === undefined) return undefined;
  const others = literal.length === 1 ? '' : `, and ${literal.length - 1} more`;
  return {
    code: 'bound-to-region',
    message: `${first.place.property} of ${first.place.type}${others} must be literal, which binds the packaged template to ${region}`,
    place: formatPosition(first.place.position),
    remedy: 'Package once for each region.',
  };
}

const MEGABYTE = 1024 * 1024;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LAMBDA_ZIPPED = 50 * MEGABYTE;
const LAMBDA_UNZIPPED = 250 * MEGABYTE;

export function* lambdaWarnings(file: string, zipped: number, unzipped: number): Generator<Warning> {
  if (unzipped > LAMBDA_UNZIPPED) {
    yield {
      code: 'lambda-unzipped-size',
      message: `'${file}' is ${Math.ceil(unzipped / MEGABYTE)} MB unzipped, and Lambda takes 250 MB, layers included`,
      remedy: 'Leave out what is not needed at run time with .artifactignore or --exclude.',
    };
  }
  if (zipped > LAMBDA_ZIPPED) {
    yield {
      code: 'lambda-zipped-size',
      message: `'${file}' is ${Math.ceil(zipped / MEGABYTE)} MB zipped: above 50 MB Lambda takes it only from S3, and the console does not show it`,
    };
  }
}
