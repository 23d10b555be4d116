import type { RAMClient } from '@aws-sdk/client-ram';
import { ArtifactError, hasCode } from '../error.ts';
import type { AskRam } from '../sharing/follow.ts';
import type { ToldPrincipal, ToldResourceShare } from '../sharing/resource-share.ts';
import { SEAL_TAG } from '../sharing/resource-share.ts';

/**
 * Asks AWS RAM for resource shares of this account, and who is associated with them. Needs ram:GetResourceShares and ram:GetResourceShareAssociations.
 *
 * Invitations are told to those alone who are invited (GetResourceShareInvitations); of who has not accepted one yet the association is `ASSOCIATING`.
 * https://docs.aws.amazon.com/ram/latest/APIReference/API_ResourceShareAssociation.html
 * @throws ArtifactError ACCESS_DENIED, STORE_UNAVAILABLE, INTERRUPTED
 */
export function askRam(connect: () => RAMClient | Promise<RAMClient>, signal: AbortSignal): AskRam {
  return async (arns) => {
    if (arns.length === 0) return [];
    try {
      return await ask(await connect(), arns, signal);
    } catch (error) {
      throw ramProblem(error, 'ram:GetResourceShares and ram:GetResourceShareAssociations', signal);
    }
  };
}

async function ask(
  client: RAMClient,
  arns: readonly string[],
  abortSignal: AbortSignal,
): Promise<readonly ToldResourceShare[]> {
  const { paginateGetResourceShares, paginateGetResourceShareAssociations } = await import('@aws-sdk/client-ram');
  const found: Omit<ToldResourceShare, 'principals'>[] = [];
  // All of them: of one that is gone for a while, RAM says that it does not know it, and nothing of the others.
  const mine = { resourceOwner: 'SELF', resourceShareStatus: 'ACTIVE' } as const;
  for await (const { resourceShares = [] } of paginateGetResourceShares({ client }, mine, { abortSignal })) {
    for (const { resourceShareArn: arn = '', name = '', status, tags = [] } of resourceShares) {
      const seal = tags.find(({ key }) => key === SEAL_TAG)?.value;
      if (status === 'ACTIVE' && arns.includes(arn)) found.push({ arn, name, ...(seal !== undefined && { seal }) });
    }
  }
  if (found.length === 0) return [];
  const principals = new Map<string, ToldPrincipal[]>(found.map(({ arn }) => [arn, []]));
  const theirs = { associationType: 'PRINCIPAL', resourceShareArns: found.map(({ arn }) => arn) } as const;
  for await (const page of paginateGetResourceShareAssociations({ client }, theirs, { abortSignal })) {
    for (const { resourceShareArn = '', associatedEntity, status, statusMessage } of page.resourceShareAssociations ??
      []) {
      const state = STATES[status ?? ''];
      if (associatedEntity === undefined || state === undefined) continue;
      principals.get(resourceShareArn)?.push({
        ...{ principal: associatedEntity, state },
        ...(statusMessage !== undefined && { reason: statusMessage }),
      });
    }
  }
  return found.map((one) => ({ ...one, principals: principals.get(one.arn) ?? [] }));
}

/** All others have no part in it, or soon will have none. */
const STATES: Readonly<Partial<Record<string, ToldPrincipal['state']>>> = {
  ASSOCIATED: 'associated',
  ASSOCIATING: 'waiting',
  FAILED: 'failed',
};

/** What RAM, or Systems Manager, has answered, as an ArtifactError; what is none of their answers stays as it is. */
export function ramProblem(error: unknown, actions: string, signal: AbortSignal, service = 'AWS RAM'): unknown {
  if (error instanceof ArtifactError) return error;
  if (signal.aborted)
    return new ArtifactError('INTERRUPTED', `interrupted while ${service} was asked`, { cause: error });
  if (!(error instanceof Error)) return error;
  const told = error.message.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
  const { $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
  if ($metadata?.httpStatusCode === 403 || hasCode(error, 'AccessDenied', 'AccessDeniedException')) {
    return new ArtifactError('ACCESS_DENIED', `${actions} is needed: ${told}`, {
      remedy: `Allow ${actions} in the policies of these credentials, or use others.`,
      cause: error,
    });
  }
  return new ArtifactError('STORE_UNAVAILABLE', `${service} does not do what it is asked: ${told}`, {
    remedy: 'Try again; if that does not help, see what it says about the resource share in its console.',
    cause: error,
  });
}
