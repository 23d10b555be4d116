import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ContentReader, Location } from './content.ts';
import { locationIn } from './content.ts';
import { ResourceError, UnsupportedError } from './error.ts';
import type { BundledFunction, LambdaFunction } from './lambda.ts';
import type { Value, ValueMap } from './value.ts';
import { at, canonical, mapOf, textOf } from './value.ts';

/** A function's code as Lambda has it: the bytes, or where it goes on reading them. */
export type Code =
  | { readonly mode: 'COPY'; readonly bytes: Uint8Array }
  | { readonly mode: 'REFERENCE'; readonly location: Location }
  | { readonly mode: 'INLINE'; readonly source: string }
  | { readonly mode: 'IMAGE'; readonly uri: string };

interface DeployedFunction {
  code: Code;
  properties: ValueMap;
  /** By number: what was published goes on as it was. */
  readonly versions: Map<string, Code>;
  /** Name → version. */
  readonly aliases: Map<string, string>;
  /** What was published last; the same is not published twice. */
  published: { readonly number: number; readonly content: string };
}

/** Reads code as Lambda does when it creates or updates: it must be there, in either mode. */
export async function readCode(code: Value, content: ContentReader): Promise<Code> {
  const source = textOf(at(code, 'ZipFile'));
  if (source !== undefined) return { mode: 'INLINE', source };
  const uri = textOf(at(code, 'ImageUri'));
  if (uri !== undefined) return { mode: 'IMAGE', uri };
  const location = locationIn(code, 'S3Bucket', 'S3Key', 'S3ObjectVersion');
  if (location === undefined) throw new ResourceError('Please provide a source for function code.');
  const mode = textOf(at(code, 'S3ObjectStorageMode')) ?? 'COPY';
  if (mode !== 'COPY' && mode !== 'REFERENCE')
    throw new ResourceError(`Value '${mode}' at 'S3ObjectStorageMode' failed to satisfy constraint`);
  if (mode === 'REFERENCE' && location.version === undefined) {
    throw new ResourceError('S3ObjectVersion is required where S3ObjectStorageMode is REFERENCE');
  }
  const bytes = await content.lambda(location);
  return mode === 'COPY' ? { mode, bytes } : { mode, location };
}

/** The functions that stacks made, and those that a test brought. */
export class FunctionBook {
  readonly #brought: Map<string, LambdaFunction>;
  readonly #inline: Omit<BundledFunction, 'file' | 'handler'>;
  readonly #deployed = new Map<string, DeployedFunction>();
  readonly #runnable = new Map<string, BundledFunction>();
  readonly #folders: string[] = [];

  /** `inline` is what functions with their code in a template run with, beside what their properties say. */
  constructor(brought: Readonly<Record<string, LambdaFunction>>, inline: Omit<BundledFunction, 'file' | 'handler'>) {
    this.#brought = new Map(Object.entries(brought));
    this.#inline = inline;
  }

  bring(nameOrArn: string, definition: LambdaFunction): void {
    this.#brought.set(nameOrArn, definition);
  }

  set(name: string, properties: ValueMap, code: Code): void {
    const existing = this.#deployed.get(name);
    if (existing === undefined) {
      const published = { number: 0, content: '' };
      this.#deployed.set(name, { code, properties, versions: new Map(), aliases: new Map(), published });
    } else {
      Object.assign(existing, { code, properties });
    }
    this.#runnable.delete(name);
  }

  remove(name: string): void {
    this.#deployed.delete(name);
    this.#runnable.delete(name);
  }

  /** A new version of the function as it is now. */
  publish(name: string): string {
    const deployed = this.#of(name);
    const { number, content: last } = deployed.published;
    const content = contentOf(deployed);
    if (content === last) {
      throw new ResourceError(
        `A version for this Lambda function exists ( ${number} ). Modify the function to create a new version.`,
      );
    }
    deployed.published = { number: number + 1, content };
    deployed.versions.set(String(number + 1), deployed.code);
    return String(number + 1);
  }

  setAlias(name: string, alias: string, version: string | undefined): void {
    const aliases = this.#deployed.get(name)?.aliases;
    if (version === undefined) aliases?.delete(alias);
    else aliases?.set(alias, version);
  }

  unpublish(name: string, version: string): void {
    this.#deployed.get(name)?.versions.delete(version);
  }

  versions(name: string): readonly string[] {
    return [...this.#of(name).versions.keys()];
  }

  /** Of `$LATEST`, a version's number or an alias. */
  code(name: string, qualifier = '$LATEST'): Code {
    const deployed = this.#of(name);
    const version = deployed.aliases.get(qualifier) ?? qualifier;
    const code = version === '$LATEST' ? deployed.code : deployed.versions.get(version);
    if (code === undefined) throw new ResourceError(`Function not found: ${name}:${qualifier}`);
    return code;
  }

  names(): readonly string[] {
    return [...this.#deployed.keys()];
  }

  /** What runs when this ARN is invoked; `undefined` where there is no such function. */
  runnable(arn: string): LambdaFunction | undefined {
    const name = arn.split(':')[6] ?? arn;
    const brought = this.#brought.get(arn) ?? this.#brought.get(name);
    if (brought !== undefined) return brought;
    const deployed = this.#deployed.get(name);
    if (deployed === undefined) return undefined;
    const known = this.#runnable.get(name) ?? this.#unpacked(name, deployed);
    this.#runnable.set(name, known);
    return known;
  }

  #unpacked(name: string, { code, properties }: DeployedFunction): BundledFunction {
    if (code.mode !== 'INLINE')
      throw new UnsupportedError(`running '${name}', whose code is not inline: bring it as one of 'functions'`);
    const folder = mkdtempSync(path.join(tmpdir(), 'cfn-artifacts-function-'));
    this.#folders.push(folder);
    const file = path.join(folder, 'index.js');
    writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}');
    writeFileSync(file, code.source);
    const variables = mapOf(at(properties, 'Environment.Variables'));
    return {
      timeoutSeconds: Number(textOf(properties['Timeout']) ?? 3),
      ...this.#inline,
      file,
      handler: textOf(properties['Handler']) ?? 'index.handler',
      environment: {
        ...this.#inline.environment,
        ...Object.fromEntries(Object.entries(variables).map(([variable, value]) => [variable, textOf(value) ?? ''])),
      },
    };
  }

  #of(name: string): DeployedFunction {
    const deployed = this.#deployed.get(name);
    if (deployed === undefined) throw new ResourceError(`Function not found: ${name}`);
    return deployed;
  }

  stop(): void {
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

function contentOf({ code, properties }: DeployedFunction): string {
  const content =
    code.mode === 'COPY' ? createHash('sha256').update(code.bytes).digest('hex') : canonical(code as unknown as Value);
  return `${content} ${canonical({ ...properties, Code: undefined })}`;
}
