import type { ObjectAttributes, Publishable } from '../../repository/index.ts';
import { ArtifactError, looksLikeArtifactArn, parseArn } from '../../repository/index.ts';
import type { PublishOutcome } from '../event.ts';
import type { Location } from '../template/place.ts';

/** An artifact that stands where a template can point at it. */
export interface Stored extends Location {
  readonly outcome: PublishOutcome;
  /** Bytes. */
  readonly size: number;
  /** Of an artifact that a bookmark chose: `repository/id^bookmark`. */
  readonly resolvedFrom?: string;
  /** The artifact's ID and version number, where there is a domain. */
  readonly id?: string;
  readonly version?: number;
}

/** Where artifacts go, and what a template is told of them. */
export interface Destination {
  /** `local` for a directory. */
  readonly bucket: string;
  readonly region: string;
  readonly isDomain: boolean;
  /** Where new artifacts get their versions; absent where there is no domain. */
  readonly repository?: string;
  /** The bucket in which what is published stands; absent: `bucket`. */
  readonly contentBucket?: () => Promise<string>;
  /** Prefix inside the domain's bucket for what may expire; absent where there is none. */
  readonly scratchPrefix?: string;
  /**
   * @param withVersion whether the object's version is wanted, which costs a request
   * @param source where it stands in the project
   */
  publish(
    id: string,
    publishable: Publishable,
    attributes: ObjectAttributes,
    withVersion: boolean,
    source?: string,
  ): Promise<Stored>;
  /** What `publish` would find there already; `undefined` where it would upload. Writes nothing. */
  plan(id: string, publishable: Publishable): Promise<Stored | undefined>;
  /** An ARN or `repository/id^bookmark`, made definite. @throws ArtifactError ARTIFACT_NOT_FOUND and others */
  resolve(name: string, withVersion: boolean): Promise<Stored>;
  /** To be called when all is published: has it told which versions are new. Never rejects; absent where there are no versions. */
  readonly announce?: () => Promise<void>;
  /** The domain of another region that fetches from this one; absent where none can. */
  readonly inRegion?: (region: string) => RegionalDomain;
}

/** The domain of another region, where a packaged template is to be deployed as well: it has copies of what is at home in the destination. */
export interface RegionalDomain {
  readonly region: string;
  readonly bucket: string;
  /** @throws ArtifactError where it is known beforehand that nothing can be brought there */
  check(): Promise<void>;
  /** Where it stands there: it is brought there if it is not there yet. @param withVersion whether the object's version is wanted, which costs a request */
  bring(stored: Stored, withVersion: boolean): Promise<Stored>;
  /** What `bring` would find there already. Changes nothing. */
  plan(stored: Stored): Promise<Stored | undefined>;
}

/** The https URL of an object, in the bucket's own region and partition. */
export type UrlOf = (bucket: string, key: string) => string;

/** An artifact by itself names no content, and a template that means "the newest" would mean something else tomorrow. */
export function refuseVersionless(name: string): void {
  if (!looksLikeArtifactArn(name)) return;
  const { version, digest } = parseArn(name);
  if (version !== undefined || digest !== undefined) return;
  throw new ArtifactError('INVALID_ARN', `'${name}' names an artifact and none of its versions`, {
    remedy: `Name one, like '${name}:1' ('cfn-artifacts show' lists them), or a bookmark as repository/id^name.`,
  });
}
