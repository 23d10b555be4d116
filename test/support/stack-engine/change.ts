import { isCustom } from './custom-resource.ts';
import { ResourceError } from './error.ts';
import { importsIn, requireExportsAllowed } from './export.ts';
import { setResource, setStatus } from './history.ts';
import { holds, resolve } from './intrinsic.ts';
import { LeavingFailure } from './provider.ts';
import type { Made } from './provider.ts';
import { failOnPurpose } from './purpose.ts';
import { cleanUp, failureReason, removeAll } from './removal.ts';
import type { Plan } from './scope.ts';
import { planOf } from './scope.ts';
import type { Deployment, PendingChange, Stack, StackOutput, StackResource } from './stack.ts';
import type { ValueMap } from './value.ts';
import { mapOf, same, textOf } from './value.ts';
import type { Cancellation } from './walk.ts';
import { walk } from './walk.ts';
import type { World } from './world.ts';

/** What this change did to a resource: what its way back begins from. */
type Entry =
  | { readonly kind: 'created' }
  /** In place, or nobody knows whether: properties `tried`. */
  | { readonly kind: 'updated'; readonly before: StackResource; readonly tried: ValueMap }
  | { readonly kind: 'replaced'; readonly before: StackResource }
  /** A failed update that told a new ID: that one is deleted, and the old one is as it was. */
  | { readonly kind: 'adopted'; readonly before: StackResource };

type State = 'going forward' | 'done' | 'failed' | 'rolled back' | 'rollback failed' | 'cleaned up';

/**
 * The creation or the update of one stack, with the way back. Deletes come last, in `cleanup`: that of a nested stack waits for its root. Which resources are
 * old, and which new, is known from a journal of what was done.
 */
export class Change implements PendingChange {
  readonly #world: World;
  readonly #stack: Stack;
  readonly #kind: 'create' | 'update';
  readonly #target: Deployment;
  readonly #before: Deployment;
  readonly #outputsBefore: readonly StackOutput[];
  readonly #importsBefore: ReadonlySet<string>;
  readonly #journal = new Map<string, Entry>();
  /** Deleted when the change stays. */
  readonly #old: StackResource[] = [];
  /** Deleted when it goes back. */
  readonly #new: StackResource[] = [];
  readonly #failed = { create: new Set<string>(), update: new Set<string>() };
  #state: State = 'going forward';

  constructor(world: World, stack: Stack, kind: 'create' | 'update', target: Deployment) {
    this.#world = world;
    this.#stack = stack;
    this.#kind = kind;
    this.#target = target;
    this.#before = stack.deployment;
    this.#outputsBefore = stack.outputs;
    this.#importsBefore = stack.imports;
  }

  /** Creates and updates. It answers why it failed; then `rollback` is the only way. */
  async forward(cancellation?: Cancellation): Promise<string | undefined> {
    const stack = this.#stack;
    stack.deployment = this.#target;
    if (this.#kind === 'update') stack.updated = new Date(this.#world.scheduler.now);
    stack.pending = this;
    setStatus(
      stack,
      this.#kind === 'create' ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS',
      this.#world,
      'User Initiated',
    );
    const reason = await this.#carryOutAll(cancellation);
    this.#state = reason === undefined ? 'done' : 'failed';
    if (reason !== undefined) return reason;
    if (this.#kind === 'create') {
      stack.pending = undefined;
      setStatus(stack, 'CREATE_COMPLETE', this.#world);
    } else {
      setStatus(stack, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', this.#world);
    }
    return undefined;
  }

  async #carryOutAll(cancellation: Cancellation | undefined): Promise<string | undefined> {
    let plan: Plan;
    try {
      plan = planOf(this.#stack, this.#target, this.#world);
      const { resources, outputs } = this.#target.template;
      const used = [
        Object.values(resources).map(({ properties }) => properties),
        Object.values(outputs).map(({ value }) => value),
      ];
      this.#stack.imports = new Set([...this.#importsBefore, ...importsIn(used, plan.scope)]);
    } catch (error) {
      return failureReason(error);
    }
    const visit = (id: string, toldOthers: Cancellation): Promise<boolean> => this.#carryOut(id, plan, toldOthers);
    await walk(plan.dependencies, this.#world.scheduler, 'stop', visit, cancellation);
    const reasons = (['create', 'update'] as const)
      .filter((what) => this.#failed[what].size > 0)
      .map((what) => `The following resource(s) failed to ${what}: [${[...this.#failed[what]].join(', ')}]. `);
    if (reasons.length > 0) return reasons.join('');
    if (cancellation?.cancelled === true) return 'Resource creation cancelled';
    try {
      const outputs = this.#outputs(plan);
      requireExportsAllowed(this.#stack, outputs, this.#world);
      this.#stack.outputs = outputs;
      this.#stack.imports = importsIn(this.#usedBy(plan), plan.scope);
    } catch (error) {
      return failureReason(error);
    }
    return undefined;
  }

  #usedBy(plan: Plan): ValueMap {
    const { resources, outputs } = this.#target.template;
    return {
      resources: [...plan.dependencies.keys()].map((id) => resources[id]?.properties),
      outputs: Object.values(outputs).map(({ value }) => value),
    };
  }

  #outputs({ scope }: Plan): readonly StackOutput[] {
    return Object.entries(this.#target.template.outputs)
      .filter(([, { condition }]) => condition === undefined || holds(condition, scope))
      .map(([key, output]) => {
        const value = textOf(resolve(output.value, scope));
        if (value === undefined)
          throw new ResourceError(
            `Template format error: The Value field of every Outputs member must evaluate to a String (${key})`,
          );
        const exportName = output.export === undefined ? undefined : textOf(resolve(output.export, scope));
        return { key, value, exportName, description: output.description };
      });
  }

  async #carryOut(id: string, plan: Plan, cancellation: Cancellation): Promise<boolean> {
    const declared = this.#target.template.resources[id];
    if (declared === undefined) throw new Error(`no resource '${id}'`);
    const before = this.#stack.resources.get(id);
    const { type } = declared;
    let properties: ValueMap;
    let replaces: boolean;
    try {
      properties = mapOf(resolve(declared.properties, plan.scope));
      replaces = before !== undefined && this.#world.provider(type).replaces(before.properties, properties);
    } catch (error) {
      return this.#fail(
        { logicalId: id, type, physicalId: before?.physicalId },
        before === undefined ? 'create' : 'update',
        error,
      );
    }
    const next = { logicalId: id, type, properties, declared, dependencies: plan.dependencies.get(id) ?? [] };
    if (before === undefined) return this.#create(next, cancellation);
    if (same(properties, before.properties)) {
      this.#stack.resources.set(id, { ...before, ...next });
      return true;
    }
    if (replaces) return this.#replace(before, next, cancellation);
    return this.#update(before, next, cancellation);
  }

  async #create(next: Next, cancellation: Cancellation): Promise<boolean> {
    const stack = this.#stack;
    setResource(stack, { ...next, physicalId: undefined }, 'CREATE_IN_PROGRESS', this.#world);
    try {
      await failOnPurpose(stack, next.logicalId, 'Create', this.#world);
      const made = await this.#world.provider(next.type).create({ ...next, stack, cancellation });
      this.#put(next, made);
    } catch (error) {
      const leaves = error instanceof LeavingFailure || (isCustom(next.type) && error instanceof ResourceError);
      const physicalId = error instanceof LeavingFailure ? error.physicalId : undefined;
      if (leaves) {
        this.#journal.set(next.logicalId, { kind: 'created' });
        stack.resources.set(next.logicalId, { ...next, physicalId, attributes: {} });
      }
      return this.#fail({ ...next, physicalId }, 'create', error);
    }
    this.#journal.set(next.logicalId, { kind: 'created' });
    setResource(stack, this.#resource(next), 'CREATE_COMPLETE', this.#world);
    return true;
  }

  async #replace(before: StackResource, next: Next, cancellation: Cancellation): Promise<boolean> {
    const reason = 'Requested update requires the creation of a new physical resource; hence creating one.';
    setResource(this.#stack, before, 'UPDATE_IN_PROGRESS', this.#world, reason);
    try {
      await failOnPurpose(this.#stack, next.logicalId, 'Update', this.#world);
      this.#put(next, await this.#world.provider(next.type).create({ ...next, stack: this.#stack, cancellation }));
    } catch (error) {
      return this.#fail(before, 'update', error);
    }
    this.#replaced(before, next.logicalId);
    return true;
  }

  async #update(before: StackResource, next: Next, cancellation: Cancellation): Promise<boolean> {
    const { logicalId } = next;
    setResource(this.#stack, before, 'UPDATE_IN_PROGRESS', this.#world);
    try {
      await failOnPurpose(this.#stack, logicalId, 'Update', this.#world);
      this.#journal.set(logicalId, { kind: 'updated', before, tried: next.properties });
      this.#put(next, await this.#updated(before, next, before.properties, cancellation));
    } catch (error) {
      this.#adopt(before, next, error);
      return this.#fail(before, 'update', error);
    }
    const made = this.#resource(next);
    if (made.physicalId === before.physicalId) {
      setResource(this.#stack, made, 'UPDATE_COMPLETE', this.#world);
    } else {
      const reason = 'Requested update required the provider to create a new physical resource';
      setResource(this.#stack, made, 'UPDATE_IN_PROGRESS', this.#world, reason);
      this.#replaced(before, logicalId);
    }
    return true;
  }

  async #updated(from: StackResource, next: Next, oldProperties: ValueMap, cancellation?: Cancellation): Promise<Made> {
    const { physicalId } = from;
    if (physicalId === undefined) throw new Error(`'${from.logicalId}' has no physical ID`);
    const request = { ...next, stack: this.#stack, physicalId, oldProperties };
    return this.#world.provider(next.type).update({ ...request, ...(cancellation !== undefined && { cancellation }) });
  }

  /** The new ID of a failed update is CloudFormation's to delete, and no Update is sent on the way back. */
  #adopt(before: StackResource, next: Next, error: unknown): void {
    if (!(error instanceof LeavingFailure) || error.physicalId === undefined || error.physicalId === before.physicalId)
      return;
    this.#journal.set(next.logicalId, { kind: 'adopted', before });
    this.#new.push({ ...next, physicalId: error.physicalId, attributes: {} });
  }

  #replaced(before: StackResource, logicalId: string): void {
    this.#journal.set(logicalId, { kind: 'replaced', before });
    const made = this.#resource({ logicalId });
    this.#new.push(made);
    if (before.declared.updateReplacePolicy === 'Retain')
      setResource(this.#stack, before, 'DELETE_SKIPPED', this.#world);
    else this.#old.push(before);
    setResource(this.#stack, made, 'UPDATE_COMPLETE', this.#world);
  }

  #put(next: Next, made: Made): void {
    this.#stack.resources.set(next.logicalId, { ...next, ...made });
  }

  #resource({ logicalId }: { readonly logicalId: string }): StackResource {
    const resource = this.#stack.resources.get(logicalId);
    if (resource === undefined) throw new Error(`no resource '${logicalId}'`);
    return resource;
  }

  #fail(
    resource: Pick<StackResource, 'logicalId' | 'type' | 'physicalId'>,
    what: 'create' | 'update',
    error: unknown,
  ): boolean {
    this.#failed[what].add(resource.logicalId);
    setResource(
      this.#stack,
      resource,
      what === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED',
      this.#world,
      failureReason(error),
    );
    return false;
  }

  /** Back to what was before. It is in the stack's status whether that went well; it may be tried again, without the resources in `skip`. */
  async rollback(reason?: string, skip: readonly string[] = []): Promise<void> {
    if (this.#state === 'rolled back' || this.#state === 'cleaned up') return;
    if (this.#kind === 'create') await this.#undoCreation(reason);
    else await this.#undoUpdate(reason, skip);
  }

  async #undoCreation(reason: string | undefined): Promise<void> {
    const stack = this.#stack;
    setStatus(stack, 'ROLLBACK_IN_PROGRESS', this.#world, `${reason ?? ''}Rollback requested by user.`);
    const failed = await removeAll(stack, this.#world, ({ declared }) => declared.deletionPolicy === 'Retain');
    stack.pending = undefined;
    stack.imports = new Set();
    this.#state = 'rolled back';
    if (failed.length === 0) setStatus(stack, 'ROLLBACK_COMPLETE', this.#world);
    else
      setStatus(
        stack,
        'ROLLBACK_FAILED',
        this.#world,
        `The following resource(s) failed to delete: [${failed.join(', ')}]. `,
      );
  }

  async #undoUpdate(reason: string | undefined, skip: readonly string[]): Promise<void> {
    const stack = this.#stack;
    setStatus(stack, 'UPDATE_ROLLBACK_IN_PROGRESS', this.#world, reason);
    stack.deployment = this.#before;
    const plan = planOf(stack, this.#before, this.#world);
    const failed = await walk(plan.dependencies, this.#world.scheduler, 'go on', (id) => this.#restore(id, plan, skip));
    if (failed.length > 0) {
      this.#state = 'rollback failed';
      setStatus(
        stack,
        'UPDATE_ROLLBACK_FAILED',
        this.#world,
        `The following resource(s) failed to update: [${failed.join(', ')}]. `,
      );
      return;
    }
    this.#forgetCreated();
    stack.outputs = this.#outputsBefore;
    stack.imports = this.#importsBefore;
    this.#state = 'rolled back';
    setStatus(stack, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', this.#world);
  }

  #forgetCreated(): void {
    for (const [id, { kind }] of this.#journal) {
      const created = kind === 'created' ? this.#stack.resources.get(id) : undefined;
      if (created === undefined) continue;
      this.#stack.resources.delete(id);
      if (created.declared.deletionPolicy === 'Retain')
        setResource(this.#stack, created, 'DELETE_SKIPPED', this.#world);
      else this.#new.push(created);
    }
  }

  async #restore(id: string, plan: Plan, skip: readonly string[]): Promise<boolean> {
    const entry = this.#journal.get(id);
    if (entry === undefined || entry.kind === 'created') return true;
    const { before } = entry;
    const current = this.#resource(before);
    const silently = entry.kind === 'adopted' || (entry.kind === 'replaced' && !this.#updatesBack(before));
    if (silently || skip.includes(id)) {
      this.#stack.resources.set(id, before);
      this.#journal.delete(id);
      setResource(this.#stack, before, 'UPDATE_COMPLETE', this.#world);
      return true;
    }
    try {
      setResource(this.#stack, current, 'UPDATE_IN_PROGRESS', this.#world);
      await failOnPurpose(this.#stack, id, 'Update', this.#world);
      const properties = mapOf(resolve(before.declared.properties, plan.scope));
      const next = { ...before, properties };
      const oldProperties = entry.kind === 'updated' ? entry.tried : current.properties;
      const made = await this.#updated(current, next, oldProperties);
      this.#put(next, made);
      this.#leaveBehind([before, current], made);
    } catch (error) {
      setResource(this.#stack, current, 'UPDATE_FAILED', this.#world, failureReason(error));
      return false;
    }
    this.#journal.delete(id);
    setResource(this.#stack, this.#resource(before), 'UPDATE_COMPLETE', this.#world);
    return true;
  }

  #updatesBack({ type }: StackResource): boolean {
    return isCustom(type) && this.#world.replacedRollback() === 'with an update';
  }

  /** What the answer of a rollback's Update does not name is nobody's any more; what it names stays. */
  #leaveBehind(known: readonly StackResource[], { physicalId }: Made): void {
    for (const resource of known) {
      const at = this.#new.findIndex(
        (one) => one.logicalId === resource.logicalId && one.physicalId === resource.physicalId,
      );
      if (resource.physicalId === physicalId) {
        if (at >= 0) this.#new.splice(at, 1);
      } else if (at < 0) {
        this.#new.push(resource);
      }
    }
  }

  /** Past the point of no return: the old ones go, or after a rollback the new ones. */
  async cleanup(): Promise<void> {
    const stack = this.#stack;
    if (this.#state === 'done') this.#forgetRemoved();
    const doomed = this.#state === 'done' ? this.#old : this.#new;
    const nested = [...this.#world.stacks.values()].filter((one) => one.parent === stack && one.pending !== undefined);
    for (const child of nested) {
      if ([...stack.resources.values()].some(({ physicalId }) => physicalId === child.id))
        await child.pending?.cleanup();
    }
    await cleanUp(stack, doomed, this.#world);
    stack.pending = undefined;
    const status = this.#state === 'done' ? 'UPDATE_COMPLETE' : 'UPDATE_ROLLBACK_COMPLETE';
    this.#state = 'cleaned up';
    setStatus(stack, status, this.#world);
  }

  #forgetRemoved(): void {
    const { dependencies } = planOf(this.#stack, this.#target, this.#world);
    for (const [id, resource] of this.#stack.resources) {
      if (dependencies.has(id)) continue;
      this.#stack.resources.delete(id);
      if (resource.declared.deletionPolicy === 'Delete') this.#old.push(resource);
      else setResource(this.#stack, resource, 'DELETE_SKIPPED', this.#world);
    }
  }
}

type Next = Pick<StackResource, 'logicalId' | 'type' | 'properties' | 'declared' | 'dependencies'>;
