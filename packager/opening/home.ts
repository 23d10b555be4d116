import type { DomainPlace } from '../../repository/index.ts';
import { ArtifactError, hasCode, looksLikeArtifactArn, parseArn } from '../../repository/index.ts';

/** What is at home somewhere. */
export interface Home {
  /** As given. */
  readonly arn: string;
  readonly place: DomainPlace;
}

/** Nothing of what is no ARN, or no right one: that is told by who resolves it. */
export function homeOf(name: string): readonly Home[] {
  if (!looksLikeArtifactArn(name)) return [];
  try {
    const { partition, region, account } = parseArn(name);
    return [{ arn: name, place: { partition, region, account } }];
  } catch (error) {
    if (hasCode(error, 'INVALID_ARN')) return [];
    throw error;
  }
}

/** `account 111122223333 in eu-west-1` */
export function whereOf({ account, region }: DomainPlace): string {
  return `account ${account} in ${region}`;
}

/** @throws ArtifactError INVALID_ARGUMENT: credentials are of one partition, and nobody reaches another with them */
export function requirePartition({ arn, place }: Home, partition: string): void {
  if (place.partition === partition) return;
  throw new ArtifactError(
    'INVALID_ARGUMENT',
    `'${arn}' is of the partition ${place.partition}, and the credentials are of ${partition}`,
    {
      remedy:
        "Use credentials of that partition (--profile), or carry it over: 'cfn-artifacts bundle create' there, 'cfn-artifacts bundle publish' here.",
    },
  );
}

/** What it means that the home of an ARN can't be opened. @param caller the account of whoever asks */
export function homeProblem(error: unknown, { arn, place }: Home, bucket: string, caller: string): unknown {
  if (!(error instanceof ArtifactError)) return error;
  const told = (code: ArtifactError['code'], what: string, remedy: string): ArtifactError =>
    new ArtifactError(code, `'${arn}' is at home with ${whereOf(place)}, ${what}`, { remedy, cause: error });
  const { account, region } = place;
  if (hasCode(error, 'BUCKET_NOT_FOUND', 'DOMAIN_NOT_FOUND')) {
    const way = `Is the ARN right? 'cfn-artifacts bootstrap --region ${region}' with credentials of account ${account} makes a domain.`;
    return told('DOMAIN_NOT_FOUND', `and there is no domain: ${error.message}`, way);
  }
  if (hasCode(error, 'WRONG_OWNER')) {
    const squatted = `Somebody else has taken the name '${bucket}': nothing in it was read, and nothing in it is to be trusted.`;
    return told('WRONG_OWNER', `whose bucket is somebody else's: ${error.message}`, squatted);
  }
  if (hasCode(error, 'ACCESS_DENIED') && caller !== account) {
    const share = `cfn-artifacts share ${sharedAs(arn)} --with ${caller}`;
    return told(
      'ACCESS_DENIED',
      `which lets nobody of account ${caller} read it: ${error.message}`,
      `Have it shared there: ${share}`,
    );
  }
  return error;
}

function sharedAs(arn: string): string {
  const { repository, id } = parseArn(arn);
  return `${repository}/${id}`;
}
