import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { bundleKeeper, bundleReference, packed } from '../../../handler/build.mjs';
import type { BootstrapTools } from '../../../packager/cli/bootstrap-tools.ts';
import type { CommandHandlers } from '../../../packager/cli/handlers.ts';
import { done, HANDLERS } from '../../../packager/cli/handlers.ts';
import { run } from '../../../packager/cli/program.ts';
import type { Terminal } from '../../../packager/cli/terminal.ts';
import { bytesOf } from '../../../repository/content.ts';
import { FORMAT_VERSION } from '../../../repository/keys.ts';
import { objectKey } from '../../../repository/object-store.ts';
import type { KeeperCommand } from '../../../repository/asking/command.ts';
import { s3ClientDefaults, s3Store } from '../../../repository/stores/s3.ts';
import { awsEnvironment } from '../../support/aws-environment.ts';
import { identityOf, inlineFunctionsAt } from '../../support/domain-on-server.ts';
import {
  BUCKET,
  BUCKET_ARN,
  domainPolicies,
  everything,
  PLACE,
  principalsOf,
} from '../../support/domain-principals.ts';
import { buildDomainTemplate } from '../../support/domain-template.ts';
import { parseBucketPolicy } from '../../support/iam/policy.ts';
import type { S3Server } from '../../support/s3-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { StoredBytes } from '../../support/s3-server-bytes.ts';
import type { Bucket, NewObject } from '../../support/s3-server-state.ts';
import { tick } from '../../support/s3-server-state.ts';
import type { Refuse } from '../../support/stack-engine/cloudformation-server.ts';
import type { EngineOptions, InProcessFunction, InvocationContext, Stack } from '../../support/stack-engine/engine.ts';
import { StackEngine } from '../../support/stack-engine/engine.ts';
import type { RecordedTerminal, TerminalSettings } from '../../support/terminal.ts';
import { recordedTerminal } from '../../support/terminal.ts';

export const VERSION = '0.1.0';

let built: Promise<{ readonly file: string; readonly text: string }> | undefined;

/** The domain's template as it is built, the real reference function inside. */
export function domainTemplate(): Promise<{ readonly file: string; readonly text: string }> {
  built ??= bundleReference()
    .then(({ text }) => buildDomainTemplate(packed(text)))
    .then(({ file }) => ({ file, text: readFileSync(file, 'utf8') }));
  return built;
}

/** As much of the reference function as making a domain needs, without a process: the descriptor is written if it is absent. */
function referenceFunction(server: S3Server): InProcessFunction {
  const run = async (event: Readonly<Record<string, string>>, { put }: InvocationContext): Promise<void> => {
    const bucket = server.buckets.get(BUCKET)!;
    const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = `domain/${BUCKET}` } = event;
    if (event['RequestType'] === 'Create' && bucket.current('domain') === undefined) {
      bucket.put('domain', descriptor(), {}, tick(), new Date());
    }
    const answer = { Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, PhysicalResourceId };
    const body = Buffer.from(JSON.stringify(answer));
    await put(event['ResponseURL'] ?? '', { 'Content-Length': String(body.length) }, body);
  };
  return { run: run };
}

/** What `Custom::ArtifactDomain` leaves behind. */
export function descriptor(): NewObject {
  const text = JSON.stringify({ format: FORMAT_VERSION, partition: 'aws', ...PLACE, bucket: BUCKET });
  return objectOf(text);
}

export function objectOf(text: string): NewObject {
  return {
    ...{ bytes: StoredBytes.of(text), etag: `"${createHash('md5').update(text).digest('hex')}"`, checksum: undefined },
    ...{ headers: {}, metadata: {}, encryption: { algorithm: 'AES256' }, tags: new Map(), legalHold: false },
  };
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a person does it, with the AWS CLI. */
export async function enableObjectLock({ server }: TestAccount): Promise<void> {
  server.identities.set('administrator', { account: PLACE.account, policies: [everything] });
  const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('administrator', PLACE.region) });
  try {
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    await client.send(new PutObjectLockConfigurationCommand({ Bucket: BUCKET, ObjectLockConfiguration }));
  } finally {
    client.destroy();
  }
}

/** What comes between the command and CloudFormation; `undefined` lets it through. */
export type Between = (
  action: string,
  asked: Parameters<Refuse>[1],
) => { readonly code: string; readonly status: number } | undefined;

/**
 * An AWS account before there is a domain: S3, CloudFormation and Lambda, to be reached as a person reaches them. What a stack makes of its bucket and of the
 * bucket's policy is so in S3 from then on.
 */
export class TestAccount {
  readonly server: S3Server;
  readonly engine: StackEngine;
  readonly tools: BootstrapTools;
  /** CloudFormation's actions, as they were asked for. */
  readonly asked: string[] = [];
  between: Between = () => undefined;
  /** What is done while a question waits for its answer; absent: there is no terminal. */
  answer: ((question: string) => Promise<string>) | undefined;
  /** What the keeper was asked. */
  readonly commands: KeeperCommand[] = [];
  /** What Lambda says of functions, by name, in the place of what is so; `denied` to nobody. */
  readonly functionStates: Map<string, string> = new Map();
  installation: ReturnType<BootstrapTools['installation']>;
  cloudFormation = '';
  /** Else functions only say that they are there. */
  lambda: string | undefined;
  readonly #lambda: Server;
  readonly #followed = new WeakSet<Stack>();
  readonly #ends: (() => Promise<void> | void)[] = [];
  #nonces = 0;

  private constructor(
    server: S3Server,
    engine: StackEngine,
    lambda: Server,
    installation: ReturnType<BootstrapTools['installation']>,
  ) {
    this.server = server;
    this.engine = engine;
    this.#lambda = lambda;
    this.installation = installation;
    const prefix = `n${Math.random().toString(36).slice(2)}`;
    this.tools = {
      installation: () => this.installation,
      chance: {
        now: () => new Date(),
        nonce: () => `${prefix}${String(++this.#nonces).padStart(6, '0')}`,
        pause: () => sleep(5),
      },
    };
  }

  /** @param isBundled runs the functions as they are built, in processes of their own */
  static async open(options: EngineOptions = {}, isBundled = false): Promise<TestAccount> {
    const template = await domainTemplate();
    const principals = principalsOf(domainPolicies(template.file));
    const server = await startS3Server({
      identities: {
        admin: { account: PLACE.account, policies: [everything] },
        publisher: identityOf(principals.publisher),
        // Both functions, which here have one name and the rights of both.
        functions: identityOf({
          ...principals.keeper,
          policies: [...principals.keeper.policies, ...principals['reference function'].policies],
        }),
      },
    });
    const client = new S3Client({ ...s3ClientDefaults, ...server.clientConfig('admin', PLACE.region) });
    const store = s3Store({ client, bucket: BUCKET, expectedOwner: PLACE.account });
    const engine = await StackEngine.start({
      ...PLACE,
      inline: inlineFunctionsAt(server.clientConfig('functions', PLACE.region)),
      // The function that the template has inside, as it is in the sources: a process for each test would take its time.
      ...(isBundled ? {} : { functions: { 'cfn-artifacts-reference': referenceFunction(server) } }),
      read: async ({ key }) => {
        const object = await store.read(objectKey(key));
        return object && (await bytesOf(object.body));
      },
      ...options,
    });
    const lambda = createServer();
    const keeper = isBundled ? (await bundleKeeper()).text : "exports.handler = async () => 'kept';\n";
    const installation = { version: VERSION, template: template.text, keeper };
    const account = new TestAccount(server, engine, lambda, installation);
    lambda.on('request', (request, response) => {
      void account.#answerForLambda(request).then(([status, body, code]) => {
        const type = { 'content-type': 'application/json', ...(code !== undefined && { 'x-amzn-errortype': code }) };
        response.writeHead(status, type).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => lambda.listen(0, '127.0.0.1', resolve));
    if (isBundled) account.lambda = await engine.serveLambda();
    account.cloudFormation = await engine.serve((action, asked) => {
      account.#follow();
      account.asked.push(action);
      return account.between(action, asked);
    });
    account.#ends.push(
      () => engine.stop(),
      () => {
        client.destroy();
      },
      () => server.close(),
      () => {
        lambda.closeAllConnections();
        lambda.close();
      },
    );
    return account;
  }

  async close(): Promise<void> {
    await this.engine.settle();
    for (const end of this.#ends) await end();
  }

  /** The domain's bucket, if there is one. */
  get bucket(): Bucket | undefined {
    return this.server.buckets.get(BUCKET);
  }

  get stack(): Stack | undefined {
    return this.engine.stack('cfn-artifacts');
  }

  /** When all that was begun is over: what the account has, beside objects. */
  async left(): Promise<{ readonly stack: string | undefined; readonly bucket: boolean; readonly changeSets: number }> {
    await this.engine.settle();
    const { stack } = this;
    const form = new URLSearchParams({ Action: 'ListChangeSets', StackName: stack?.id ?? '' });
    const listed =
      stack === undefined ? '' : await (await fetch(this.cloudFormation, { method: 'POST', body: form })).text();
    const changeSets = listed.match(/<ChangeSetId>/g)?.length ?? 0;
    return { stack: stack?.status, bucket: this.bucket !== undefined, changeSets };
  }

  keys(prefix: string): readonly string[] {
    const { bucket } = this;
    return bucket?.keys().filter((key) => key.startsWith(prefix) && bucket.current(key) !== undefined) ?? [];
  }

  env(who = 'admin'): Terminal['env'] {
    const { port } = this.#lambda.address() as AddressInfo;
    return {
      ...awsEnvironment(this.server, who, PLACE.region),
      AWS_ENDPOINT_URL_CLOUDFORMATION: this.cloudFormation,
      AWS_ENDPOINT_URL_LAMBDA: this.lambda ?? `http://127.0.0.1:${port}`,
    };
  }

  async run(argv: readonly string[], settings: TerminalSettings = {}): Promise<Outcome> {
    const { exitCode, terminal } = await this.runIn(argv, settings);
    return { exitCode, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  async runIn(
    argv: readonly string[],
    settings: TerminalSettings = {},
  ): Promise<{ readonly exitCode: number; readonly terminal: RecordedTerminal }> {
    const { answer } = this;
    const terminal = recordedTerminal({
      env: this.env(),
      ...(answer !== undefined && { askOpenly: answer }),
      ...settings,
    });
    const exitCode = await run(argv, terminal, this.#handlers());
    return { exitCode, terminal };
  }

  /** The program's own, with the installation of the test. */
  #handlers(): CommandHandlers {
    return {
      ...HANDLERS,
      bootstrap: async (...call) =>
        done((await import('../../../packager/cli/commands/bootstrap.ts')).run(...call, this.tools)),
      package: async (...call) =>
        done((await import('../../../packager/cli/commands/package.ts')).run(...call, this.tools)),
      publish: async (...call) =>
        done((await import('../../../packager/cli/commands/publish.ts')).run(...call, this.tools)),
    };
  }

  async #answerForLambda(request: IncomingMessage): Promise<readonly [status: number, body: object, code?: string]> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const [, name = '', what] = /functions\/([^/]+)\/(\w+)/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const known = name.split(':')[6] ?? name;
    const state = this.functionStates.get(known) ?? (known in this.engine.functions() ? 'Active' : undefined);
    if (state === undefined) return [404, { Message: 'not found' }, 'ResourceNotFoundException'];
    if (state === 'denied') return [403, { Message: 'denied' }, 'AccessDeniedException'];
    if (what === 'configuration') return [200, { FunctionName: known, State: state }];
    this.commands.push(JSON.parse(Buffer.concat(pieces).toString()) as KeeperCommand);
    return [200, { results: [] }];
  }

  /** Sees to it that what a stack makes is so in S3 as well, as soon as it is made. */
  #follow(): void {
    for (const stack of this.engine.stacks()) {
      if (this.#followed.has(stack)) continue;
      this.#followed.add(stack);
      const set = stack.resources.set.bind(stack.resources);
      stack.resources.set = (id, resource) => {
        const { type, properties } = resource;
        const imported = stack.status === 'IMPORT_IN_PROGRESS';
        if (type === 'AWS::S3::Bucket' && !imported) this.#makeBucket(JSON.stringify(properties['BucketEncryption']));
        if (type === 'AWS::S3::BucketPolicy' && !imported) {
          const text = JSON.stringify(properties['PolicyDocument']);
          this.bucket!.policy = { text, policy: parseBucketPolicy(text, BUCKET_ARN) };
        }
        return set(id, resource);
      };
      const remove = stack.resources.delete.bind(stack.resources);
      stack.resources.delete = (id) => {
        const isRetained = stack.summaries.get(id)?.status === 'DELETE_SKIPPED' || stack.status.startsWith('IMPORT');
        if (stack.resources.get(id)?.type === 'AWS::S3::Bucket' && !isRetained) {
          this.server.buckets.delete(BUCKET);
        }
        return remove(id);
      };
    }
  }

  #makeBucket(encryption = ''): void {
    const bucket = this.bucket ?? this.server.createBucket(BUCKET, { owner: PLACE.account, region: PLACE.region });
    bucket.versioning = 'Enabled';
    const kmsKeyId = /"KMSMasterKeyID":"([^"]+)"/.exec(encryption)?.[1];
    bucket.encryption = kmsKeyId === undefined ? { algorithm: 'AES256' } : { algorithm: 'aws:kms', kmsKeyId };
  }
}
