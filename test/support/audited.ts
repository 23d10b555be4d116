import type { AuditOptions, Finding } from '../../repository/audit/audit.ts';
import { audit } from '../../repository/audit/audit.ts';
import type { Evidence } from '../../repository/evidence/evidence.ts';
import { establishDomain, formatArn, ownKeeper, publishVersion } from '../../repository/index.ts';
import type { Domain, ObjectKey, ObjectStore } from '../../repository/index.ts';
import { parseBlobKey } from '../../repository/keys.ts';
import { generationOf } from '../../repository/physical-id.ts';
import { memoryStore } from '../../repository/stores/memory.ts';
import type { Input } from './answered-evidence.ts';
import { answeredEvidence, EXPORT } from './answered-evidence.ts';
import { steadyChance } from './chance.ts';
import { publishable } from './domain.ts';
import { answerInProcess } from './reference-in-process.ts';
import type { EngineOptions, InvocationContext } from './stack-engine/engine.ts';
import { StackEngine, ValidationError } from './stack-engine/engine.ts';
import { gatedStore } from './stack-engine/gated-store.ts';

/** A domain in memory, the reference function in the hands of a stack engine, and audits of the one by what the other says. */

export const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333', bucket: 'artifacts' };
const KEEPER = 'arn:aws:lambda:eu-west-1:111122223333:function:cfn-artifacts-keeper';
/** So much later is it for an audit: nothing is too young to be judged. */
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export interface Published {
  readonly arn: string;
  readonly key: string;
}

export interface ReferenceOptions {
  readonly pinned?: boolean;
  readonly policy?: 'Retain';
}

export interface AuditedOptions extends Pick<EngineOptions, 'seed' | 'urlStyle' | 'replacedRollback'> {
  readonly artifacts: readonly string[];
  /** Another than that of `PLACE`. */
  readonly region?: string;
  readonly account?: string;
  readonly elsewhere?: ReadonlyMap<string, Audited>;
}

export class Audited {
  readonly store: ObjectStore;
  readonly domain: Domain;
  readonly engine: StackEngine;
  readonly published: ReadonlyMap<string, Published>;
  /** Keys of blobs that something read while nothing protected them. */
  readonly unprotected: Set<string>;
  /** The same account in other regions, where they can be asked. */
  readonly elsewhere: ReadonlyMap<string, Audited>;
  readonly evidence: Evidence;
  /** IDs of stacks that CloudFormation knows no more. */
  readonly forgotten: Set<string> = new Set();
  /** Actions that are refused. */
  readonly denied: Set<string> = new Set();
  /** What a function's versions run, as Lambda tells; `undefined` where it does not. */
  readonly run: Map<string, string | undefined> = new Map();
  /** Told of each request to CloudFormation, before it is answered. */
  asked: (action: string) => Promise<unknown> = async () => undefined;

  static async start({
    artifacts,
    region,
    account,
    elsewhere = new Map(),
    ...options
  }: AuditedOptions): Promise<Audited> {
    const place = { ...PLACE, ...(region !== undefined && { region }), ...(account !== undefined && { account }) };
    const store = memoryStore(() => new Date(0));
    const token = `arn:aws:lambda:${place.region}:${place.account}:function:cfn-artifacts-reference`;
    const domain = await establishDomain({ store, keeper: ownKeeper(store), chance: steadyChance() }, place);
    const published = new Map<string, Published>();
    for (const id of artifacts) {
      const { arn, key } = await publishVersion(domain, { repository: 'default', id }, publishable(id));
      published.set(id, { arn: formatArn(arn), key });
    }
    const unprotected = new Set<string>();
    const engine = await StackEngine.start({
      ...{ ...options, region: place.region, account: place.account },
      functions: { [token]: { run: (event, context) => answer(event, context, store, place) } },
      read: async ({ key }) => {
        const { digest } = parseBlobKey(key);
        if ((await generationsIn(store, `references/${digest}/`)).length === 0) unprotected.add(key);
        return (await store.head(key as ObjectKey)) && Buffer.from(digest);
      },
    });
    const world = new Audited(store, domain, engine, published, unprotected, elsewhere);
    await engine.deploy(
      'domain',
      JSON.stringify({
        Resources: { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } },
        Outputs: { Token: { Value: token, Export: { Name: EXPORT } } },
      }),
    );
    return world;
  }

  private constructor(
    store: ObjectStore,
    domain: Domain,
    engine: StackEngine,
    published: ReadonlyMap<string, Published>,
    unprotected: Set<string>,
    elsewhere: ReadonlyMap<string, Audited>,
  ) {
    this.store = store;
    this.domain = domain;
    this.engine = engine;
    this.published = published;
    this.unprotected = unprotected;
    this.elsewhere = elsewhere;
    this.evidence = this.#evidence(async () => undefined);
  }

  /** The real clients, whose requests are answered here. */
  #evidence(gate: () => Promise<void>): Evidence {
    return answeredEvidence(this.domain, {
      cloudFormation: async (action, input) => {
        await gate();
        return this.answer(action, input);
      },
      ...(this.elsewhere.size > 0 && {
        elsewhere: (region) => (action, input) => {
          const world = this.elsewhere.get(region);
          if (world === undefined) throw Object.assign(new Error(`no host for ${region}`), { code: 'ENOTFOUND' });
          return world.answer(action, input);
        },
      }),
      lambda: (action) => {
        if (this.denied.has(action)) throw denial(action);
        const functions = [...this.run].map(([name, code]) => ({ FunctionArn: name, CodeSha256: code }));
        return action === 'ListFunctions' ? { Functions: functions } : {};
      },
    });
  }

  /** CloudFormation where this world is. */
  async answer(action: string, input: Input): Promise<object> {
    await this.asked(action);
    if (this.denied.has(action)) throw denial(action);
    const { StackName: name } = input;
    if (name !== undefined && this.forgotten.has(name))
      throw new ValidationError(`Stack with id ${name} does not exist`);
    return this.engine.ask(action, input);
  }

  /** A template with references by logical ID, and a function for each that reads what it names; `handle` can be told to fail. */
  template(uses: Readonly<Record<string, string | readonly string[]>>, options: ReferenceOptions = {}): string {
    const resources = Object.entries(uses).map(([logicalId, of]) => {
      const single = typeof of === 'string' ? this.published.get(of) : undefined;
      const group = typeof of === 'string' ? [] : of.map((id) => this.published.get(id));
      const first = single ?? group[0];
      const properties = {
        ...{ ServiceToken: { 'Fn::ImportValue': EXPORT }, ServiceTimeout: 300 },
        ...(single !== undefined
          ? { ArtifactArn: single.arn, Key: single.key }
          : { ArtifactArns: group.map((one) => ({ Arn: one?.arn, Key: one?.key })) }),
        ...(options.pinned === true && { Pinned: true }),
      };
      const code = { S3Bucket: { 'Fn::GetAtt': [logicalId, 'Bucket'] }, S3Key: first?.key };
      return {
        [logicalId]: {
          ...{ Type: 'Custom::ArtifactRef', Properties: properties },
          ...(options.policy !== undefined && { DeletionPolicy: options.policy }),
        },
        [`F${logicalId}`]: { Type: 'AWS::Lambda::Function', Properties: { Code: code } },
      };
    });
    const handleResource = { Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' } };
    return JSON.stringify({ Resources: Object.assign(handleResource, ...resources) as object });
  }

  /** All of an audit, when it is a year later. */
  async audit(options: Partial<AuditOptions> = {}): Promise<Finding[]> {
    const found: Finding[] = [];
    for await (const { finding } of audit(this.later(this.domain), this.evidence, { fix: true, ...options })) {
      if (finding !== undefined) found.push(finding);
    }
    return found;
  }

  later(domain: Domain): Domain {
    const now = (): Date => new Date(this.engine.now().getTime() + YEAR_MS);
    return { ...domain, chance: { ...domain.chance, now } };
  }

  /** An audit with `fix` among everything else that is under way: whose turn it is before each of its requests, the engine's seed decides. */
  async auditMeanwhile(): Promise<Finding[]> {
    const found: Finding[] = [];
    this.engine.bring(KEEPER, {
      timeoutSeconds: 600,
      run: async (_, context) => {
        const store = gatedStore(this.store, context);
        const own = this.later({ ...this.domain, store, keeper: ownKeeper(store) });
        for await (const { finding } of audit(own, this.#evidence(context.request), { fix: true })) {
          if (finding !== undefined) found.push(finding);
        }
      },
    });
    await this.engine.invoke(KEEPER, {});
    return found;
  }

  /** Generations that resources of stacks name which are not deleted, or were retained. */
  deployed(isWanted: (status: string) => boolean = () => true): string[] {
    const stacks = this.engine
      .stacks()
      .filter(({ id, status }) => status !== 'DELETE_COMPLETE' && isWanted(status) && !this.forgotten.has(id));
    const custom = stacks.flatMap(({ resources }) =>
      [...resources.values()].filter(({ type }) => type === 'Custom::ArtifactRef'),
    );
    return custom.flatMap(({ physicalId }) => generationOf(physicalId ?? '') ?? []).toSorted();
  }

  /** Generations of stacks' references. */
  recorded(): Promise<string[]> {
    return generationsIn(this.store, 'references/');
  }

  async keys(prefix: string): Promise<ObjectKey[]> {
    const keys: ObjectKey[] = [];
    for await (const { key } of this.store.list(prefix)) keys.push(key);
    return keys;
  }

  /** As damage would: whatever it was. */
  async lose(...keys: readonly ObjectKey[]): Promise<void> {
    for (const key of keys) {
      const head = await this.store.head(key);
      if (head !== undefined) await this.store.removeRevision(key, head.revision);
    }
  }
}

function denial(action: string): Error {
  return Object.assign(new Error(`not authorized to perform ${action}`), { name: 'AccessDenied' });
}

async function generationsIn(store: ObjectStore, prefix: string): Promise<string[]> {
  const generations: string[] = [];
  for await (const { key } of store.list(prefix)) {
    if (key.split('/')[2] === 'stack') generations.push(key.slice(key.lastIndexOf('/') + 1));
  }
  return generations.toSorted();
}

async function answer(
  event: unknown,
  context: InvocationContext,
  store: ObjectStore,
  place: typeof PLACE,
): Promise<void> {
  const own = gatedStore(store, context);
  await answerInProcess(event, context, {
    store: own,
    keeper: ownKeeper(own),
    place,
    urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
    pause: () => Promise.resolve(),
  });
}
