import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CacheFiles } from '../../packager/archive/cache-files.ts';
import { sourceMemory } from '../../packager/source-memory.ts';
import { deleteVersion } from '../../repository/deleting/version-deletion.ts';
import { publishVersion, sha256 } from '../../repository/index.ts';
import type { Domain } from '../../repository/index.ts';
import { sourceKey } from '../../repository/keys.ts';
import { counting } from '../../repository/stores/counting.ts';
import { publishable, testDomain } from '../support/domain.ts';
import { temporaryFolder } from '../support/temporary.ts';

const API = { repository: 'default', id: 'shop/api' };
const OTHER = { repository: 'default', id: 'shop/other' };
const ROW = 'archive, nothing changed, remembered on this machine';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const remembering = (domain: Domain): Domain => ({ ...domain, sources: sourceMemory(new CacheFiles(folder), domain) });

async function requestsOf(domain: Domain, work: (domain: Domain) => Promise<unknown>): Promise<number> {
  let requests = 0;
  await work(remembering({ ...domain, store: counting(domain.store, () => requests++) }));
  return requests;
}

function promised(): number {
  const table = readFileSync(path.join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  return Number(new RegExp(`^\\| ${ROW} \\|[^|]*\\| (\\d+) \\|`, 'm').exec(table)?.[1]);
}

function files(): readonly string[] {
  return readdirSync(path.join(folder, 'sources')).map((name) => path.join(folder, 'sources', name));
}

async function oneVersion(): Promise<Domain> {
  const domain = await testDomain();
  await publishVersion(remembering(domain), API, publishable('one'));
  return domain;
}

describe('what is remembered of a source', () => {
  test('spares the question, for each ID apart', async () => {
    const domain = await oneVersion();
    const again = (name: typeof API) => requestsOf(domain, (one) => publishVersion(one, name, publishable('one')));
    expect(await again(API)).toBe(promised());
    await again(OTHER);
    expect([await again(OTHER), await again(API), await again(OTHER)]).toEqual([promised(), promised(), promised()]);
  });

  test('is learnt from the record, where another machine published', async () => {
    const domain = await testDomain();
    await publishVersion(domain, API, publishable('one'));
    const again = () => requestsOf(domain, (one) => publishVersion(one, API, publishable('one')));
    expect(await again()).toBe(promised() + 1);
    expect(await again()).toBe(promised());
  });

  test('gives the same as without, and opens nothing', async () => {
    const domain = await oneVersion();
    const content = publishable('one');
    const withMemory = await publishVersion(remembering(domain), API, content);
    expect(content.opened()).toBe(0);
    expect(await publishVersion(domain, API, publishable('one'))).toEqual(withMemory);
  });

  test('of a domain that is another one under the same name is found to be wrong', async () => {
    await oneVersion();
    const fresh = await testDomain(undefined, 'fresh');
    await publishVersion(fresh, API, publishable('something else'));
    const { arn, outcome } = await publishVersion(remembering(fresh), API, publishable('one'));
    expect({ version: arn.version, digest: arn.digest, outcome }).toEqual({
      version: 2,
      digest: sha256('one'),
      outcome: 'uploaded',
    });
    expect(await fresh.store.head(sourceKey('default', sha256('tree of one')))).toBeDefined();
    expect(await requestsOf(fresh, (one) => publishVersion(one, API, publishable('one')))).toBe(promised());
  });

  test('is nothing to a version that was deleted: the bytes get a new one', async () => {
    const domain = await oneVersion();
    expect(await deleteVersion(domain, API, 1)).toMatchObject({ status: 'Deleted' });
    const { arn } = await publishVersion(remembering(domain), API, publishable('one'));
    expect(arn.version).toBe(2);
    expect(await requestsOf(domain, (one) => publishVersion(one, API, publishable('one')))).toBe(promised());
  });

  test('is not taken for that of another source, whatever its file is called', async () => {
    const domain = await oneVersion();
    await publishVersion(remembering(domain), API, publishable('two'));
    const [first = '', second = ''] = files();
    const [one, two] = [readFileSync(first), readFileSync(second)];
    writeFileSync(first, two);
    writeFileSync(second, one);
    for (const text of ['one', 'two']) {
      const { arn } = await publishVersion(remembering(domain), API, publishable(text));
      expect(arn.digest).toBe(sha256(text));
    }
  });

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['empty', () => Buffer.alloc(0)],
    ['of other bytes', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 12 ? byte ^ 1 : byte)))],
  ])('is asked for again where its file is %s', async (_how, damaged) => {
    const domain = await oneVersion();
    for (const file of files()) writeFileSync(file, damaged(readFileSync(file)));
    expect(await requestsOf(domain, (one) => publishVersion(one, API, publishable('one')))).toBe(promised() + 1);
    expect(await requestsOf(domain, (one) => publishVersion(one, API, publishable('one')))).toBe(promised());
  });
});
