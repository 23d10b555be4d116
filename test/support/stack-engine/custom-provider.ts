import type { CustomOutcome } from './custom-resource.ts';
import { ask, requireTypeName } from './custom-resource.ts';
import { ResourceError } from './error.ts';
import type { Made, Provider } from './provider.ts';
import { LeavingFailure } from './provider.ts';
import type { World } from './world.ts';

/** Any `Custom::…`. Its failures say which physical ID CloudFormation goes on with. */
export function customProvider(type: string, world: World): Provider {
  requireTypeName(type);
  return {
    replaces: (before, after) => {
      if (before['ServiceToken'] !== after['ServiceToken'])
        throw new ResourceError('Modifying service token is not allowed.');
      return false;
    },
    create: async (request) =>
      made(
        await ask({ ...request, requestType: 'Create' }, world, request.cancellation),
        'Resource creation cancelled',
      ),
    update: async (request) => {
      const outcome = await ask({ ...request, requestType: 'Update' }, world, request.cancellation);
      return made(outcome, 'Resource update cancelled');
    },
    remove: async (request) => {
      made(await ask({ ...request, requestType: 'Delete' }, world, undefined), '');
    },
  };
}

function made(outcome: CustomOutcome, cancelled: string): Made {
  if (outcome.kind === 'cancelled') throw new LeavingFailure(cancelled, undefined);
  if (outcome.kind === 'silent') throw new LeavingFailure(outcome.reason, undefined);
  const { answer, requestId } = outcome;
  if (!answer.succeeded || answer.physicalId === undefined) throw new LeavingFailure(answer.reason, answer.physicalId);
  return { physicalId: answer.physicalId, attributes: answer.data, requestId };
}
