import { expect } from '@jest/globals';
import { CHANCE } from '../../packager/chance.ts';
import { bind } from '../../repository/bind.ts';
import type { StackResource } from '../../repository/stack-id.ts';
import { findDomain, formatArn, ownKeeper, readVersion, resolve } from '../../repository/index.ts';
import type { ArtifactName, Domain } from '../../repository/index.ts';
import { directoryStore } from '../../repository/stores/directory.ts';
import type { Outcome } from './project.ts';
import { TestProject } from './project.ts';

export const SHOP_API: ArtifactName = { repository: 'default', id: 'shop/api' };

/** Who uses something, unless a test says who else. */
export const SHOP_STACK: StackResource = {
  ...{ account: '000000000000', region: 'local', stack: 'shop', uuid: 'uuid-1', logicalId: 'ApiArtifact' },
};

/** The first is published from `1.txt`, the next from `2.txt` … */
export interface ShopVersion {
  readonly text: string;
  /** Absent: shop/api. */
  readonly id?: string;
  /** More of `publish`. */
  readonly flags?: readonly string[];
}

/** What a shop has published to a directory, the commands that are run on it, and the stacks that use it. */
export class Shop {
  readonly project: TestProject;
  readonly domain: Domain;
  #events = 0;

  private constructor(project: TestProject, domain: Domain) {
    this.project = project;
    this.domain = domain;
  }

  static async open(...versions: readonly ShopVersion[]): Promise<Shop> {
    const project = await TestProject.of({});
    for (const [index, { text, id = SHOP_API.id, flags = [] }] of versions.entries()) {
      const file = `${index + 1}.txt`;
      project.write({ [file]: text });
      const published = await project.run('publish', file, '--id', id, '--domain', 'file:../domain', ...flags);
      if (published.exitCode !== 0) throw new Error(published.stderr);
    }
    const store = directoryStore(project.path('../domain'));
    const domain = await findDomain({ store, keeper: ownKeeper(store), chance: CHANCE });
    if (domain === undefined) throw new Error('nothing was published');
    return new Shop(project, domain);
  }

  run(...argv: string[]): Promise<Outcome> {
    return this.project.run(...argv, '--domain', 'file:../domain');
  }

  /** @returns what stdout says where nothing fails */
  async said(...argv: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...argv);
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  }

  async json(...argv: string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await this.said(...argv, '--json')) as Record<string, unknown>;
  }

  /** @returns stderr where the status is 2, and nothing was said on stdout */
  async refused(...argv: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    return stderr;
  }

  async statusOf(number: number): Promise<string | undefined> {
    return (await readVersion(this.domain, SHOP_API, number))?.status;
  }

  /** A stack is deployed that uses an artifact. @param resolvedFrom as what its template names it, where that is not definite */
  async uses(resource: Partial<StackResource>, artifact: string, resolvedFrom?: string): Promise<void> {
    const of = { ...SHOP_STACK, ...resource };
    const { arn, key, digest, filename, repository, id, manifest } = await resolve(this.domain, artifact);
    const wanted = {
      ...{ arn: formatArn(arn), key, digest, filename },
      ...(manifest !== undefined && { version: { repository, id, number: manifest.number } }),
      ...(resolvedFrom !== undefined && { resolvedFrom }),
    };
    this.#events += 1;
    const stackId = `arn:aws:cloudformation:${of.region}:${of.account}:stack/${of.stack}/${of.uuid}`;
    const event = { requestId: `request-${this.#events}`, issued: new Date().toISOString() };
    await bind(this.domain, { resource: of, stackId, ...event, replaces: false, pinned: false }, [wanted]);
  }
}

/** Of what a command says; every time is another, of as many letters. */
export function timelessLines(text: string): readonly string[] {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\dZ/g, 'yyyy-mm-dd hh:mmZ')
    .trimEnd()
    .split('\n');
}
