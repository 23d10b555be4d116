import type { KeeperCommand } from '../asking/command.ts';
import { isLater } from '../binding.ts';
import type { Domain } from '../domain.ts';
import { recordEnding } from '../ending.ts';
import { ArtifactError } from '../error.ts';
import type { Owner } from '../owner.ts';
import { resourceOf } from '../owner.ts';
import { issuedBefore } from '../time.ts';
import { declareBookmark, withdrawBookmark } from './bookmark.ts';
import { endingOf, requireNotEnded } from './ended.ts';
import type { Declared } from './properties.ts';
import { parseDeclared } from './properties.ts';
import { declareRepository, withdrawRepository } from './repository.ts';
import type { Thing } from './thing.ts';
import { isDeclaring, physicalIdOf, thingOf, thingOfId } from './thing.ts';

/** An event of CloudFormation's, of a resource that declares something. */
export type Declaring = Extract<KeeperCommand, { command: 'declare' }>;

/** What CloudFormation is answered. */
export interface Declaration {
  readonly physicalId: string;
  /** What `Fn::GetAtt` gets; of a Delete nothing. */
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Does what an event says of something that a stack declares. Every event may come any number of times, late, and in any order: the record of what is declared tells
 * by which operation it was written last, and an older one changes nothing any more. A Delete leaves a note first, so that a Create which is still at work
 * finds out that it was given up. An event that comes again when all of it was done changes nothing, whatever people have made of it since; a later one puts what
 * its template says in the place of that.
 *
 * A stack changes nothing but what it has declared itself. Nothing that another name replaces is given up before CloudFormation has it deleted.
 * @throws ArtifactErrors, ArtifactError INVALID_ARGUMENT; what `declareRepository`, `declareBookmark` and their ends do
 */
export async function declare(domain: Domain, told: Declaring): Promise<Declaration> {
  const event = { ...told, issued: issuedBefore(told.issued, domain.chance.now()) };
  const { type, resource, properties } = event;
  if (type === 'Delete') return withdraw(domain, event);
  if (!isDeclaring(resource)) {
    throw new ArtifactError('INVALID_ARGUMENT', `'${resource}' is nothing that a stack can declare`, {
      remedy: "If it is newer than this keeper: run 'cfn-artifacts bootstrap'.",
    });
  }
  const declared = parseDeclared(resource, properties, domain);
  const owner = ownerIn(event);
  await requireNotEnded(domain.store, declared, type, owner);
  const data = await write(domain, declared, owner);
  try {
    // After it was written: a Delete leaves its note before it looks what there is.
    await requireNotEnded(domain.store, declared, type, owner);
  } catch (error) {
    await remove(domain, declared, owner);
    throw error;
  }
  const physicalId = physicalIdOf(declared);
  if (physicalId === undefined) throw new TypeError('what was parsed has an ID');
  return { physicalId, data };
}

/** An ID that is none of ours was invented, for a Create that was never answered: then the properties tell what that was about. */
async function withdraw(domain: Domain, event: Declaring): Promise<Declaration> {
  const { resource, physicalId = '', properties, requestId, issued } = event;
  const thing = thingOfId(resource, physicalId) ?? thingOf(resource, properties);
  const owner = ownerIn(event);
  const where = resourceOf(owner);
  if (thing === undefined || where === undefined) return { physicalId };
  const first = await recordEnding(domain.store, where, endingOf(thing), { requestId, issued });
  await remove(domain, thing, { ...owner, issued: isLater(issued, first) ? first : issued });
  return { physicalId };
}

function write(domain: Domain, declared: Declared, owner: Owner): Promise<Readonly<Record<string, string>>> {
  return declared.kind === 'repository'
    ? declareRepository(domain, declared, owner)
    : declareBookmark(domain, declared, owner);
}

function remove(domain: Domain, thing: Thing, owner: Owner): Promise<void> {
  return thing.kind === 'repository'
    ? withdrawRepository(domain, thing, owner)
    : withdrawBookmark(domain, thing, owner);
}

function ownerIn({ stackId, logicalId, requestId, issued }: Declaring): Owner {
  return { stackId, logicalId, requestId, issued };
}
