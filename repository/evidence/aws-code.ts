import type { LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetLayerVersionCommand,
  paginateListFunctions,
  paginateListLayers,
  paginateListLayerVersions,
} from '@aws-sdk/client-lambda';
import type { Digest } from '../digest.ts';
import { digestFromBase64 } from '../digest.ts';

/**
 * The code of every version of every function and layer of the account in the client's region.
 * @returns undefined where the code of one could not be found out: then it is not known of any digest that nothing runs it
 * @throws what the client throws
 */
export async function runCode(
  client: LambdaClient,
  account: string,
  signal: AbortSignal,
): Promise<ReadonlySet<Digest> | undefined> {
  const sending = { abortSignal: signal };
  const digests = new Set<Digest>();
  /** ARNs of what has code that was not told. */
  const unseen = new Set<string>();
  const add = (arn: string, base64: string | undefined): void => {
    if (base64 === undefined) unseen.add(arn);
    else digests.add(digestFromBase64(base64));
  };

  // `$LATEST` is among them.
  for await (const page of paginateListFunctions({ client }, { FunctionVersion: 'ALL' }, sending)) {
    for (const { FunctionArn: name = '', PackageType: kind, CodeSha256: code, Layers: layers = [] } of page.Functions ??
      []) {
      if (kind !== 'Image') add(name, code);
      for (const { Arn: arn = '' } of layers) if (arn.split(':')[4] === account) unseen.add(arn);
    }
  }
  for await (const { Layers: layers = [] } of paginateListLayers({ client }, {}, sending)) {
    for (const { LayerName: name } of layers) {
      for await (const page of paginateListLayerVersions({ client }, { LayerName: name }, sending)) {
        for (const { Version: number, LayerVersionArn: arn = '' } of page.LayerVersions ?? []) {
          const asked = new GetLayerVersionCommand({ LayerName: name, VersionNumber: number });
          unseen.delete(arn);
          add(arn, (await client.send(asked, sending)).Content?.CodeSha256);
        }
      }
    }
  }
  // A version of a layer that was deleted is used by functions as before, and is in no list.
  return unseen.size === 0 ? digests : undefined;
}
