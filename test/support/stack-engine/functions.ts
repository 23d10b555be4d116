import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Code } from './code.ts';
import type { ContentReader } from './content.ts';
import { ResourceError, UnsupportedError } from './error.ts';
import type { BundledFunction, LambdaFunction } from './lambda.ts';
import { unzip } from './unzip.ts';
import type { ValueMap } from './value.ts';
import { at, canonical, mapOf, textOf } from './value.ts';

/** A function as it was at some time: `$LATEST` as it is now, a published version for ever. */
export interface FunctionVersion {
  readonly number: string;
  readonly code: Code;
  readonly properties: ValueMap;
  readonly modified: Date;
}

interface DeployedFunction {
  latest: FunctionVersion;
  /** By number: what was published goes on as it was. */
  readonly versions: Map<string, FunctionVersion>;
  /** Name → version. */
  readonly aliases: Map<string, string>;
  /** What was published last; the same is not published twice. */
  published: { readonly number: number; readonly content: string };
}

/** What a function's name or ARN, or one with a qualifier, means. */
export interface FunctionName {
  readonly name: string;
  /** A version's number, an alias or `$LATEST`. */
  readonly qualifier: string | undefined;
}

/** Of `name`, `name:qualifier`, an ARN with or without qualifier, and `account:function:name`. */
export function functionNamed(text: string): FunctionName {
  const parts = text.split(':');
  const at = parts.indexOf('function');
  const [name = '', qualifier] = at < 0 ? parts : parts.slice(at + 1);
  return { name, qualifier };
}

/** What functions of stacks are run with, beside what their properties say. */
type Inline = Omit<BundledFunction, 'file' | 'handler'>;

/** The functions that stacks made, and those that a test brought. */
export class FunctionBook {
  readonly #brought: Map<string, LambdaFunction>;
  readonly #content: ContentReader;
  readonly #now: () => Date;
  readonly #deployed = new Map<string, DeployedFunction>();
  readonly #runnable = new Map<FunctionVersion, BundledFunction>();
  readonly #folders: string[] = [];
  #inline: Inline;

  constructor(
    brought: Readonly<Record<string, LambdaFunction>>,
    inline: Inline,
    content: ContentReader,
    now: () => Date,
  ) {
    this.#brought = new Map(Object.entries(brought));
    this.#inline = inline;
    this.#content = content;
    this.#now = now;
  }

  bring(nameOrArn: string, definition: LambdaFunction): void {
    this.#brought.set(nameOrArn, definition);
  }

  /** From now on functions of stacks find these services there. */
  reach(services: NonNullable<Inline['services']>): void {
    this.#inline = { ...this.#inline, services: { ...services, ...this.#inline.services } };
    this.#runnable.clear();
  }

  set(name: string, properties: ValueMap, code: Code): void {
    const latest = { number: '$LATEST', code, properties, modified: this.#now() };
    const existing = this.#deployed.get(name);
    if (existing === undefined) {
      const published = { number: 0, content: '' };
      this.#deployed.set(name, { latest, versions: new Map(), aliases: new Map(), published });
    } else {
      existing.latest = latest;
    }
  }

  remove(name: string): void {
    this.#deployed.delete(name);
  }

  /** A new version of the function as it is now. */
  publish(name: string): string {
    const deployed = this.#of(name);
    const { number: last, content: before } = deployed.published;
    const content = contentOf(deployed.latest);
    if (content === before) {
      throw new ResourceError(
        `A version for this Lambda function exists ( ${last} ). Modify the function to create a new version.`,
      );
    }
    const number = String(last + 1);
    deployed.published = { number: last + 1, content };
    deployed.versions.set(number, { ...deployed.latest, number, modified: this.#now() });
    return number;
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

  /** `$LATEST` first; `undefined` where there is no such function. */
  history(name: string): readonly FunctionVersion[] | undefined {
    const deployed = this.#deployed.get(name);
    return deployed === undefined ? undefined : [deployed.latest, ...deployed.versions.values()];
  }

  /** Name → version. */
  aliases(name: string): ReadonlyMap<string, string> {
    return this.#of(name).aliases;
  }

  /** Of `$LATEST`, a version's number or an alias. */
  find({ name, qualifier = '$LATEST' }: FunctionName): FunctionVersion | undefined {
    const deployed = this.#deployed.get(name);
    const number = deployed?.aliases.get(qualifier) ?? qualifier;
    return number === '$LATEST' ? deployed?.latest : deployed?.versions.get(number);
  }

  code(name: string, qualifier?: string): Code {
    const version = this.find({ name, qualifier });
    if (version === undefined) {
      throw new ResourceError(`Function not found: ${name}${qualifier === undefined ? '' : `:${qualifier}`}`);
    }
    return version.code;
  }

  names(): readonly string[] {
    return [...this.#deployed.keys()];
  }

  /** What runs when this name or ARN is invoked; `undefined` where there is no such function, version or alias. */
  runnable(nameOrArn: string): LambdaFunction | undefined {
    const named = functionNamed(nameOrArn);
    const version = this.find(named);
    const hasNoSuch = version === undefined && named.qualifier !== undefined && this.#deployed.has(named.name);
    if (hasNoSuch) return undefined;
    const unqualified = named.qualifier === undefined ? nameOrArn : nameOrArn.slice(0, -1 - named.qualifier.length);
    const brought = [nameOrArn, unqualified, named.name].map((name) => this.#brought.get(name)).find(Boolean);
    if (brought !== undefined || version === undefined) return brought;
    const known = this.#runnable.get(version) ?? this.#prepared(version, named.name);
    this.#runnable.set(version, known);
    return known;
  }

  #prepared(version: FunctionVersion, name: string): BundledFunction {
    const { code, properties, number } = version;
    if (code.mode === 'IMAGE')
      throw new UnsupportedError(`running '${name}', an image: bring it as one of 'functions'`);
    let unpacked: Promise<string> | undefined;
    const variables = mapOf(at(properties, 'Environment.Variables'));
    const handler = textOf(properties['Handler']) ?? 'index.handler';
    return {
      timeoutSeconds: Number(textOf(properties['Timeout']) ?? 3),
      ...this.#inline,
      file: () => (code.mode === 'REFERENCE' ? this.#file(code, handler) : (unpacked ??= this.#file(code, handler))),
      handler,
      environment: {
        AWS_LAMBDA_FUNCTION_VERSION: number,
        ...this.#inline.environment,
        ...Object.fromEntries(Object.entries(variables).map(([variable, value]) => [variable, textOf(value) ?? ''])),
      },
    };
  }

  /** Puts the code where a new process reads it, as a cold start does: one in REFERENCE mode is read from the store anew. */
  async #file(code: Exclude<Code, { readonly mode: 'IMAGE' }>, handler: string): Promise<string> {
    const folder = mkdtempSync(path.join(tmpdir(), 'cfn-artifacts-function-'));
    this.#folders.push(folder);
    if (code.mode === 'INLINE') {
      writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}');
      writeFileSync(path.join(folder, 'index.js'), code.source);
      return path.join(folder, 'index.js');
    }
    const archive = path.join(folder, 'code.zip');
    const task = path.join(folder, 'task');
    writeFileSync(archive, code.mode === 'COPY' ? code.bytes : await this.#content.lambda(code.location, 'now'));
    unzip(archive, task);
    rmSync(archive);
    return modulePath(task, handler);
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

/** The file that holds the handler; the order of the endings is that of Lambda's runtime. */
function modulePath(folder: string, handler: string): string {
  const module = handler.slice(0, handler.lastIndexOf('.'));
  const files = ['.js', '.mjs', '.cjs'].map((ending) => path.join(folder, `${module}${ending}`));
  const found = files.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found === undefined) throw new Error(`Runtime.ImportModuleError: Error: Cannot find module '${module}'`);
  return found;
}

function contentOf({ code, properties }: FunctionVersion): string {
  const kept = code.mode === 'COPY' ? code.sha256 : canonical({ ...code } as ValueMap);
  return `${kept} ${canonical({ ...properties, Code: undefined })}`;
}
