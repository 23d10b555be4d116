import type { DomainPlace } from '../arn.ts';
import type { AskKeeper } from '../asking/command.ts';
import { ArtifactError } from '../error.ts';
import { formatStackId } from '../stack-id.ts';
import type { Away, Fetched } from './away.ts';

/** Other domains through the keeper of this one, as it takes what binding needs of them. */
export function remoteAway(ask: AskKeeper, { partition }: Pick<DomainPlace, 'partition'>): Away {
  return {
    async fetch(arn, filename) {
      const { results } = await ask({ command: 'fetch', arn, ...(filename !== undefined && { filename }) });
      const [fetched] = results;
      if (fetched !== undefined) return fetched as Fetched;
      throw new ArtifactError('UNSUPPORTED_FORMAT', `the keeper did not tell where '${arn}' is`, {
        remedy: 'Update it: cfn-artifacts bootstrap',
      });
    },
    async tell({ resource: { logicalId, ...stack }, generation }) {
      const stackId = formatStackId(partition, stack);
      await ask({ command: 'tell', stackId, logicalId, ...(generation !== undefined && { generation }) });
    },
  };
}
