import type {
  Form,
  Location,
  LoopTarget,
  Place,
  ReferenceResource,
  Rewrite,
} from '../../../packager/template/place.ts';
import type { Changes } from '../../../packager/template/rewrite/rewrite.ts';

export const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** What a test says of a change; the rest is filled in. */
export interface BriefRewrite {
  readonly pointer: string;
  readonly form: Form;
  /** How many artifacts the place names; default 1, or one for each of `turns`. */
  readonly targets?: number;
  readonly loop?: readonly string[];
  readonly turns?: readonly (readonly string[])[];
  readonly references?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly absent?: boolean;
  readonly literal?: boolean;
  readonly pinned?: boolean;
  readonly prefix?: string;
  /** The place named an object by URI, with a version. */
  readonly s3Version?: string;
  readonly location?: Partial<Location>;
}

export interface BriefChanges {
  readonly rewrites?: readonly BriefRewrite[];
  readonly references?: readonly (Partial<ReferenceResource> & {
    readonly logicalId: string;
    readonly count?: number;
  })[];
}

export function locationOf(number: number, rest: Partial<Location> = {}): Location {
  const key = `blobs/sha256/${number}/archive.zip`;
  return {
    bucket: 'my-bucket',
    key,
    url: `https://my-bucket.s3.eu-west-1.amazonaws.com/${key}`,
    partition: 'aws',
    arn: `arn:aws:artifacts:eu-west-1:111122223333:default/shop/api:${number}@sha256:${DIGEST}`,
    digest: DIGEST,
    ...rest,
  };
}

export function changesOf({ rewrites = [], references = [] }: BriefChanges): Changes {
  let number = 0;
  return {
    rewrites: rewrites.map((brief): Rewrite => {
      const targets = targetsOf(brief);
      const { references: from, dependsOn = [], location } = brief;
      return {
        place: placeOf(brief, targets),
        locations: targets.map(() => locationOf((number += 1), location)),
        ...(from !== undefined && { references: from }),
        dependsOn,
      };
    }),
    references: references.map(({ count = 1, ...brief }, index): ReferenceResource => ({
      artifacts: Array.from({ length: count }, (_, item) => {
        const { arn = '', key } = locationOf(index + item + 1);
        return { arn, key };
      }),
      grouped: false,
      pinned: false,
      ...brief,
    })),
  };
}

function targetsOf({ targets = 1, turns, s3Version }: BriefRewrite): readonly LoopTarget[] {
  const values = turns ?? Array.from({ length: targets }, () => []);
  return values.map((turn) => ({
    values: turn,
    target:
      s3Version === undefined
        ? { kind: 'path', path: './src' }
        : { kind: 's3-uri', bucket: 'theirs', key: 'k', version: s3Version },
  }));
}

function placeOf(brief: BriefRewrite, targets: readonly LoopTarget[]): Place {
  const { pointer, form, loop = [], absent = false, literal = false, pinned = false, prefix } = brief;
  return {
    pointer,
    position: { file: 'template.yaml', line: 1, column: 1 },
    type: 'AWS::Test::Type',
    property: pointer.replace(/^.*\/Properties\//, '').replaceAll('/', '.'),
    absent,
    wanted: 'zip',
    targets,
    loop,
    form,
    ...(prefix !== undefined && { prefix }),
    literal,
    detached: false,
    pinned,
    needsArn: false,
  };
}
