import type { Declaration } from '../../repository/declaring/declare.ts';
import { physicalIdOf, thingOf, thingOfId } from '../../repository/declaring/thing.ts';
import { ArtifactError, hasCode } from '../../repository/error.ts';
import type { AskKeeper } from '../../repository/asking/command.ts';
import type { ResourceEvent } from './event.ts';
import type { Failing, Outcome } from './outcome.ts';

/**
 * Has the keeper do what an event says of something that its stack declares: only it may.
 * @throws ArtifactError what the keeper says is wrong; DOMAIN_NOT_FOUND where there is none
 */
export async function declare(
  event: ResourceEvent,
  ask: AskKeeper | undefined = noKeeper,
  failing: Failing,
): Promise<Outcome> {
  const { requestType: type, resourceType: resource, stackId, logicalId, requestId, issued, physicalId } = event;
  const properties = membersOf(event.properties);
  const thing = type === 'Update' ? thingOf(resource, properties) : undefined;
  // Whatever is made from here on in the place of what there is, CloudFormation deletes the ID that a failure names, and leaves the other.
  failing.physicalId = (thing && physicalIdOf(thing)) ?? failing.physicalId;
  try {
    const { results } = await ask({
      ...{ command: 'declare', type, resource, stackId, logicalId, requestId, issued },
      ...(type !== 'Create' && { physicalId }),
      properties: type === 'Delete' ? namesIn(properties) : properties,
    });
    const [{ physicalId: id = physicalId, data } = {}] = results as readonly Partial<Declaration>[];
    return { physicalId: id, ...(data !== undefined && { data }) };
  } catch (error) {
    if (type === 'Delete' && isNothingLeft(event, error)) return { physicalId };
    throw told(error);
  }
}

const noKeeper: AskKeeper = async () => {
  throw new ArtifactError('DOMAIN_NOT_FOUND', 'the domain has no keeper');
};

/** Nobody waits in vain for a Delete that anything else in them would make too large, or wrong. */
function namesIn({ Name, Artifact }: Members): Members {
  return { ...(Name !== undefined && { Name }), ...(Artifact !== undefined && { Artifact }) };
}

/** With the bucket went everything that was in it; and where there is no keeper, a Create that was never answered has declared nothing. */
function isNothingLeft({ resourceType, physicalId }: ResourceEvent, error: unknown): boolean {
  if (hasCode(error, 'BUCKET_NOT_FOUND')) return true;
  return hasCode(error, 'DOMAIN_NOT_FOUND') && thingOfId(resourceType, physicalId) === undefined;
}

/** What the keeper refuses has a remedy of its own: nothing of this function's rights was changed. */
function told(error: unknown): unknown {
  if (!(error instanceof ArtifactError) || error.code !== 'ACCESS_DENIED') return error;
  const { message, remedy } = error;
  return new ArtifactError('INVALID_ARGUMENT', message, { ...(remedy !== undefined && { remedy }), cause: error });
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}
