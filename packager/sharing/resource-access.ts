import type { SSMClient } from '@aws-sdk/client-ssm';
import { hasCode } from '../../repository/error.ts';
import { FORMAT_VERSION } from '../../repository/keys.ts';
import { formatReach } from '../../repository/sharing/reach.ts';
import type { AskRam } from '../../repository/sharing/follow.ts';
import type { RepositoryResourceShare } from '../../repository/sharing/resource-share.ts';
import { ARTIFACTS_TAG, SEAL_TAG, sealOf } from '../../repository/sharing/resource-share.ts';
import type { SharingPlace } from '../../repository/sharing/statements.ts';
import { askRam, ramProblem } from '../../repository/stores/resource-shares.ts';
import type { AwsAccess } from '../aws/access.ts';
import { connectionProblem } from '../aws/access.ts';

/** What a resource share is for, whoever its principals are. */
export type SharedArtifacts = Omit<RepositoryResourceShare, 'arn'>;

/** Resource shares of AWS RAM, as whoever shares makes and changes them. Each of these rejects with ArtifactErrors: ACCESS_DENIED, STORE_UNAVAILABLE, INTERRUPTED. */
export interface ResourceAccess {
  readonly ask: AskRam;
  /** Makes the resource share of these artifacts, if there is none yet, with nobody associated. @returns its ARN */
  readonly offer: (artifacts: SharedArtifacts) => Promise<string>;
  /** Accounts that are no members of the organization are let in where RAM asks for it, and only then. */
  readonly associate: (arn: string, principal: string) => Promise<void>;
  /** Where it is not associated, or the resource share is gone, nothing is done. */
  readonly dissociate: (arn: string, principal: string) => Promise<void>;
  readonly remove: (arn: string) => Promise<void>;
}

/** What is shared by RAM: the domain's descriptor, by which others find it. */
export const DESCRIPTOR_PARAMETER = '/cfn-artifacts/domain';

/** 8 letters and digits, so that people find the resource share of what they share. */
export function nameOfResourceShare(place: SharingPlace, artifacts: SharedArtifacts): string {
  return `cfn-artifacts-${sealOf(place.bucket, artifacts).slice(0, 8)}`;
}

export function resourceAccess(access: AwsAccess, place: SharingPlace, signal: AbortSignal): ResourceAccess {
  const { partition, account, region } = place;
  const abort = { abortSignal: signal };
  const connect = async () => {
    const sdk = await import('@aws-sdk/client-ram');
    return { sdk, client: access.client('ram', (config) => new sdk.RAMClient({ ...config, region })) };
  };
  const asked = async <T>(action: string, service: string, send: () => Promise<T>): Promise<T> => {
    try {
      return await send();
    } catch (error) {
      throw connectionProblem(error, service) ?? ramProblem(error, action, signal, service);
    }
  };
  const ram = <T>(action: string, send: () => Promise<T>): Promise<T> => asked(action, 'AWS RAM', send);

  const found = async (artifacts: SharedArtifacts): Promise<string | undefined> => {
    const { sdk, client } = await connect();
    const tagFilters = [{ tagKey: SEAL_TAG, tagValues: [sealOf(place.bucket, artifacts)] }];
    const mine = { resourceOwner: 'SELF', resourceShareStatus: 'ACTIVE', tagFilters } as const;
    for await (const { resourceShares = [] } of sdk.paginateGetResourceShares({ client }, mine, abort)) {
      const arn = resourceShares.find(({ status }) => status === 'ACTIVE')?.resourceShareArn;
      if (arn !== undefined) return arn;
    }
    return undefined;
  };

  const permitOthers = async (resourceShareArn: string): Promise<void> => {
    const { sdk, client } = await connect();
    const command = new sdk.UpdateResourceShareCommand({ resourceShareArn, allowExternalPrincipals: true });
    await ram('ram:UpdateResourceShare', () => client.send(command, abort));
  };

  return {
    ask: askRam(async () => (await connect()).client, signal),
    offer: async (artifacts) => {
      await requireParameter(access, place, signal, asked);
      const existing = await ram('ram:GetResourceShares', () => found(artifacts));
      if (existing !== undefined) return existing;
      const { sdk, client } = await connect();
      const command = new sdk.CreateResourceShareCommand({
        name: nameOfResourceShare(place, artifacts),
        resourceArns: [`arn:${partition}:ssm:${region}:${account}:parameter${DESCRIPTOR_PARAMETER}`],
        allowExternalPrincipals: false,
        // What it lets others do with the parameter is left to RAM: of each kind of resource it has a permission that is the usual one, which here is to read.
        // https://docs.aws.amazon.com/ram/latest/APIReference/API_CreateResourceShare.html
        tags: [
          { key: SEAL_TAG, value: sealOf(place.bucket, artifacts) },
          { key: ARTIFACTS_TAG, value: tagValue(`${formatReach(artifacts)} ${artifacts.right}`) },
        ],
      });
      const { resourceShare } = await ram('ram:CreateResourceShare and ram:TagResource', () =>
        client.send(command, abort),
      );
      return resourceShare?.resourceShareArn ?? '';
    },
    associate: async (resourceShareArn, principal) => {
      const { sdk, client } = await connect();
      const send = (): Promise<unknown> =>
        client.send(new sdk.AssociateResourceShareCommand({ resourceShareArn, principals: [principal] }), abort);
      await ram('ram:AssociateResourceShare', async () => {
        try {
          await send();
        } catch (error) {
          // So RAM says of an account of no, or of another, organization.
          const isOther = hasCode(error, 'OperationNotPermittedException', 'InvalidParameterException');
          if (!isOther || principal.startsWith('arn:')) throw error;
          await permitOthers(resourceShareArn);
          await send();
        }
      });
    },
    dissociate: async (resourceShareArn, principal) => {
      const { sdk, client } = await connect();
      const command = new sdk.DisassociateResourceShareCommand({ resourceShareArn, principals: [principal] });
      await ram('ram:DisassociateResourceShare', () => client.send(command, abort).catch(unlessUnknown));
    },
    remove: async (resourceShareArn) => {
      const { sdk, client } = await connect();
      const command = new sdk.DeleteResourceShareCommand({ resourceShareArn });
      await ram('ram:DeleteResourceShare', () => client.send(command, abort).catch(unlessUnknown));
    },
  };
}

function unlessUnknown(error: unknown): undefined {
  if (hasCode(error, 'UnknownResourceException')) return undefined;
  throw error;
}

/** Tags of AWS take letters, digits, blanks and these signs. https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html */
function tagValue(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.:/=+\-@]/gu, '@').slice(0, 256);
}

/**
 * The descriptor as a parameter, so that RAM has something to share. Only one of the advanced tier can be shared.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html
 */
async function requireParameter(
  access: AwsAccess,
  { partition, account, region, bucket }: SharingPlace,
  signal: AbortSignal,
  asked: <T>(action: string, service: string, send: () => Promise<T>) => Promise<T>,
): Promise<void> {
  const sdk = await import('@aws-sdk/client-ssm');
  const client: SSMClient = access.client('ssm', (config) => new sdk.SSMClient({ ...config, region }));
  const abort = { abortSignal: signal };
  const Name = DESCRIPTOR_PARAMETER;
  const Value = JSON.stringify({ format: FORMAT_VERSION, partition, account, region, bucket });
  const service = 'AWS Systems Manager';
  const present = await asked('ssm:GetParameter', service, async () => {
    try {
      return (await client.send(new sdk.GetParameterCommand({ Name }), abort)).Parameter?.Value;
    } catch (error) {
      if (hasCode(error, 'ParameterNotFound')) return undefined;
      throw error;
    }
  });
  const isAdvanced = async (): Promise<boolean> => {
    const ParameterFilters = [{ Key: 'Name', Option: 'Equals', Values: [Name] }];
    const { Parameters } = await client.send(new sdk.DescribeParametersCommand({ ParameterFilters }), abort);
    return Parameters?.[0]?.Tier === 'Advanced';
  };
  if (present === Value && (await asked('ssm:DescribeParameters', service, isAdvanced))) return;
  const Description = 'The domain of artifacts in this account and region, by cfn-artifacts share --ram';
  const command = { Name, Value, Type: 'String', Tier: 'Advanced', Overwrite: true, Description } as const;
  await asked('ssm:PutParameter', service, () => client.send(new sdk.PutParameterCommand(command), abort));
}
