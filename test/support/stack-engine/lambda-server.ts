import { randomUUID } from 'node:crypto';
import type { Outcome } from './child.ts';
import { messageOf, ServiceError } from './error.ts';
import type { FunctionName, FunctionVersion } from './functions.ts';
import { functionNamed } from './functions.ts';
import type { HttpReply, HttpRequest, RefuseAction } from './http-endpoint.ts';
import type { LayerVersion } from './layers.ts';
import { invokedArn } from './schedule.ts';
import type { ValueMap } from './value.ts';
import { at, isList, textOf } from './value.ts';
import type { World } from './world.ts';
import { arnOf } from './world.ts';

/** What an action of Lambda is asked: what stands in the path, then the query. */
export type LambdaAsked = Readonly<Record<string, string>>;

interface Action {
  readonly method: 'GET' | 'POST';
  /** With named groups; the last slash is left out. */
  readonly path: RegExp;
  /** Asked of the query, where another action has the same path. */
  readonly find?: string;
  readonly answer: (asked: LambdaAsked, world: World, request: HttpRequest) => Promise<HttpReply> | HttpReply;
}

/** The quota of an invocation that is waited for, in bytes, for what goes in and what comes out. */
const PAYLOAD = 6 * 1024 * 1024;
/** Of an asynchronous one. */
const EVENT = 1024 * 1024;
/** Lambda's own pages. */
const PAGE = 50;

const FUNCTIONS = '/2015-03-31/functions';
const LAYERS = '/2018-10-31/layers';
const path = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

const ACTIONS: Readonly<Record<string, Action>> = {
  Invoke: { method: 'POST', path: path(`${FUNCTIONS}/(?<FunctionName>[^/]+)/invocations`), answer: invoke },
  GetFunctionConfiguration: {
    ...{ method: 'GET', path: path(`${FUNCTIONS}/(?<FunctionName>[^/]+)/configuration`) },
    answer: (asked, world) => json(configuration(...required(asked, world))),
  },
  GetFunction: {
    ...{ method: 'GET', path: path(`${FUNCTIONS}/(?<FunctionName>[^/]+)`) },
    answer: (asked, world) => {
      const [version, arn, name] = required(asked, world);
      return json({ Configuration: configuration(version, arn, name), Code: codeOf(version) });
    },
  },
  ListFunctions: {
    ...{ method: 'GET', path: path(FUNCTIONS) },
    answer: (asked, world) => {
      const all = world.functions
        .names()
        .toSorted()
        .flatMap((name) => {
          const [latest, ...published] = world.functions.history(name) ?? [];
          if (latest === undefined) return [];
          if (asked['FunctionVersion'] !== 'ALL') return [configuration(latest, arnNamed({ name }, world), name)];
          return [latest, ...published].map((version) => qualified(version, name, world));
        });
      return page('Functions', all, asked);
    },
  },
  ListVersionsByFunction: {
    ...{ method: 'GET', path: path(`${FUNCTIONS}/(?<FunctionName>[^/]+)/versions`) },
    answer: (asked, world) => {
      const { name } = nameIn(asked);
      const versions = world.functions.history(name);
      if (versions === undefined) throw notFound({ name, qualifier: undefined }, world);
      return page(
        'Versions',
        versions.map((version) => qualified(version, name, world)),
        asked,
      );
    },
  },
  ListAliases: {
    ...{ method: 'GET', path: path(`${FUNCTIONS}/(?<FunctionName>[^/]+)/aliases`) },
    answer: (asked, world) => {
      const [, , name] = required(asked, world);
      const aliases = [...world.functions.aliases(name)].map(([alias, version]) => ({
        ...{ AliasArn: arnNamed({ name, qualifier: alias }, world), Name: alias, FunctionVersion: version },
      }));
      return page('Aliases', aliases, asked);
    },
  },
  GetLayerVersionByArn: {
    ...{ method: 'GET', path: path(LAYERS), find: 'LayerVersion' },
    answer: (asked, world) => json(layerContent(requiredLayer(asked['Arn'] ?? '', world))),
  },
  ListLayers: {
    ...{ method: 'GET', path: path(LAYERS) },
    answer: (asked, world) => {
      const layers = world.layers.names().map((name) => {
        const latest = world.layers.versions(name)[0];
        const LayerArn = arnOf(world, 'lambda', `layer:${name}`);
        return { LayerName: name, LayerArn, LatestMatchingVersion: latest && layerVersion(latest) };
      });
      return page('Layers', layers, asked);
    },
  },
  ListLayerVersions: {
    ...{ method: 'GET', path: path(`${LAYERS}/(?<LayerName>[^/]+)/versions`) },
    answer: (asked, world) => page('LayerVersions', world.layers.versions(layerNamed(asked)).map(layerVersion), asked),
  },
  GetLayerVersion: {
    ...{ method: 'GET', path: path(`${LAYERS}/(?<LayerName>[^/]+)/versions/(?<VersionNumber>\\d+)`) },
    answer: (asked, world) => {
      const arn = arnOf(world, 'lambda', `layer:${layerNamed(asked)}:${asked['VersionNumber'] ?? ''}`);
      return json(layerContent(requiredLayer(arn, world)));
    },
  },
};

/** Lambda over HTTP: its REST protocol, as far as something is asked or invoked. */
export function answerLambda(
  world: World,
  refuse: RefuseAction<LambdaAsked> = () => undefined,
): (request: HttpRequest) => Promise<HttpReply> {
  return async (request) => {
    const asked = askedIn(request);
    if (asked === undefined) {
      return failure(
        400,
        'Unsupported',
        `the stack engine does not support ${request.method} ${request.path} of Lambda`,
      );
    }
    const refused = refuse(asked.name, asked.asked);
    if (refused !== undefined) return failure(refused.status, refused.code, `${asked.name} is refused`);
    try {
      return await asked.action.answer(asked.asked, world, request);
    } catch (error) {
      if (error instanceof ServiceError) return failure(error.status, error.code, error.message);
      return failure(500, 'ServiceException', messageOf(error));
    }
  };
}

function askedIn({
  method,
  path: requested,
  query,
}: HttpRequest): { readonly name: string; readonly action: Action; readonly asked: LambdaAsked } | undefined {
  for (const [name, action] of Object.entries(ACTIONS)) {
    const found = action.path.exec(requested.replace(/\/$/, ''));
    if (found === null || action.method !== method) continue;
    if (action.find !== undefined && query.get('find') !== action.find) continue;
    const inPath = Object.entries(found.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]);
    return { name, action, asked: { ...Object.fromEntries(query), ...Object.fromEntries(inPath) } as LambdaAsked };
  }
  return undefined;
}

async function invoke(asked: LambdaAsked, world: World, { headers, body }: HttpRequest): Promise<HttpReply> {
  const named = nameIn(asked);
  const [full = ''] = [asked['FunctionName']];
  const isQualified = functionNamed(full).qualifier !== undefined || named.qualifier === undefined;
  const arn = invokedArn(full.startsWith('arn:') && isQualified ? full : arnNamed(named, world), world);
  const definition = world.functions.runnable(arn);
  if (definition === undefined) throw notFound(named, world);
  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const event = eventIn(body, type === 'Event' ? EVENT : PAYLOAD);
  switch (type) {
    case 'DryRun':
      return { status: 204, headers: {}, body: '' };
    case 'Event':
      world.lambda
        .deliver(arn, definition, event, randomUUID(), { hold: undefined, kills: world.lambda.fated(arn) })
        .catch((error: unknown) => world.lambda.defects.push(error));
      return { status: 202, headers: {}, body: '' };
    default: {
      const outcome = await world.scheduler.run(() => world.lambda.invoke(arn, definition, event));
      const version = world.functions.find(named)?.number ?? '$LATEST';
      return invocationReply(outcome, version);
    }
  }
}

function eventIn(body: Buffer, most: number): string {
  if (body.length > most) {
    throw new ServiceError(
      'RequestTooLargeException',
      `Request must be smaller than ${most} bytes for the InvokeFunction operation`,
      413,
    );
  }
  const event = body.length === 0 ? '{}' : body.toString();
  try {
    // Without spaces and line breaks: the runtime reads lines.
    return JSON.stringify(JSON.parse(event));
  } catch (error) {
    throw new ServiceError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${messageOf(error)}`,
    );
  }
}

function invocationReply({ error, result }: Outcome, version: string): HttpReply {
  const executed = { 'x-amz-executed-version': version, 'content-type': 'application/json' };
  const payload = JSON.stringify(result ?? null);
  const isLarge = Buffer.byteLength(payload) > PAYLOAD;
  if (error === undefined && !isLarge) return { status: 200, headers: executed, body: payload };
  const shown = error === undefined ? TOO_LARGE : functionError(error);
  return {
    status: 200,
    headers: { ...executed, 'x-amz-function-error': 'Unhandled' },
    body: JSON.stringify(shown),
  };
}

const TOO_LARGE = {
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${PAYLOAD} bytes).`,
};

/** What Lambda makes of a handler's error, of a process that ended, and of time that ran out. */
function functionError(error: string): object {
  if (error.startsWith('Task timed out')) return ofRuntime('Sandbox.Timedout', error);
  if (error.startsWith('Runtime exited')) return ofRuntime('Runtime.ExitError', error);
  const { type = 'Error', message = error } = /^(?<type>[\w.]+): (?<message>.*)$/s.exec(error)?.groups ?? {};
  return { errorType: type, errorMessage: message, trace: [] };
}

function ofRuntime(errorType: string, error: string): object {
  return { errorType, errorMessage: `RequestId: ${randomUUID()} Error: ${error}` };
}

/** The qualifier stands in the query, or behind the name. */
function nameIn(asked: LambdaAsked): FunctionName {
  const { name, qualifier } = functionNamed(asked['FunctionName'] ?? '');
  return { name, qualifier: asked['Qualifier'] ?? qualifier };
}

function arnNamed(
  { name, qualifier }: { readonly name: string; readonly qualifier?: string | undefined },
  world: World,
): string {
  return arnOf(world, 'lambda', `function:${name}${qualifier === undefined ? '' : `:${qualifier}`}`);
}

function notFound(named: FunctionName, world: World): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Function not found: ${arnNamed(named, world)}`, 404);
}

function required(asked: LambdaAsked, world: World): readonly [FunctionVersion, string, string] {
  const named = nameIn(asked);
  const version = world.functions.find(named);
  if (version === undefined) throw notFound(named, world);
  return [version, arnNamed(named, world), named.name];
}

function qualified(version: FunctionVersion, name: string, world: World): object {
  return configuration(version, arnNamed({ name, qualifier: version.number }, world), name);
}

function configuration({ number, code, properties, modified }: FunctionVersion, arn: string, name: string): object {
  const variables = at(properties, 'Environment.Variables');
  return {
    ...{ FunctionName: name, FunctionArn: arn, Version: number, Role: properties['Role'] },
    ...{ Runtime: properties['Runtime'], Handler: properties['Handler'], Description: properties['Description'] ?? '' },
    ...{ Timeout: numberIn(properties, 'Timeout', 3), MemorySize: numberIn(properties, 'MemorySize', 128) },
    ...{ CodeSha256: code.sha256, CodeSize: code.size, LastModified: lambdaTime(modified) },
    ...{
      PackageType: code.mode === 'IMAGE' ? 'Image' : 'Zip',
      Architectures: properties['Architectures'] ?? ['x86_64'],
    },
    ...{ State: 'Active', LastUpdateStatus: 'Successful', TracingConfig: { Mode: 'PassThrough' } },
    ...(variables !== undefined && { Environment: { Variables: variables } }),
    ...(isList(properties['Layers']) && { Layers: properties['Layers'].map((Arn) => ({ Arn })) }),
  };
}

function numberIn(properties: ValueMap, property: string, otherwise: number): number {
  return Number(textOf(properties[property]) ?? otherwise);
}

/** With an offset without a colon, as Lambda writes it. */
function lambdaTime(date: Date): string {
  return date.toISOString().replace('Z', '+0000');
}

/** Without the link for a download. */
function codeOf({ code }: FunctionVersion): object {
  if (code.mode === 'IMAGE') return { RepositoryType: 'ECR', ImageUri: code.uri, ResolvedImageUri: code.uri };
  if (code.mode !== 'REFERENCE') return { RepositoryType: 'S3' };
  return { RepositoryType: 'S3', ResolvedS3Object: resolvedObject(code.location) };
}

function resolvedObject(location: {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}): object {
  return { S3Bucket: location.bucket, S3Key: location.key, S3ObjectVersion: location.version };
}

/** A layer's name may be given as its ARN. */
function layerNamed(asked: LambdaAsked): string {
  const given = asked['LayerName'] ?? '';
  return given.split(':')[6] ?? given;
}

function requiredLayer(arn: string, world: World): LayerVersion {
  const version = world.layers.find(arn);
  if (version !== undefined) return version;
  throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
}

function layerVersion({ number, arn, properties, created }: LayerVersion): object {
  return {
    ...{ LayerVersionArn: arn, Version: number, CreatedDate: lambdaTime(created) },
    ...{ Description: properties['Description'], CompatibleRuntimes: properties['CompatibleRuntimes'] },
  };
}

function layerContent(version: LayerVersion): object {
  const { code, arn } = version;
  return {
    ...layerVersion(version),
    LayerArn: arn.slice(0, arn.lastIndexOf(':')),
    Content: {
      ...{ CodeSha256: code.sha256, CodeSize: code.size },
      ...(code.mode === 'REFERENCE' && { ResolvedS3Object: resolvedObject(code.location) }),
    },
  };
}

function page(member: string, all: readonly unknown[], asked: LambdaAsked): HttpReply {
  const begin = Number(asked['Marker'] ?? 0);
  const end = begin + Math.min(Number(asked['MaxItems'] ?? PAGE), PAGE);
  return json({ [member]: all.slice(begin, end), ...(end < all.length && { NextMarker: String(end) }) });
}

function json(body: object): HttpReply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function failure(status: number, code: string, message: string): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ Type: 'User', Message: message }),
  };
}
