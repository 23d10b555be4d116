import { beforeEach, describe, expect, test } from '@jest/globals';
import { contentOf } from '../../../repository/content.ts';
import { sha256 } from '../../../repository/digest.ts';
import { bookmarkKey, labelKey, settingsKey, statusKey, versionKey } from '../../../repository/keys.ts';
import type { ObjectKey } from '../../../repository/object-store.ts';
import { leaveBody, objectKey } from '../../../repository/object-store.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import type { Outcome } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';

/** One record that is damaged keeps nobody from seeing all others. */

const DOMAIN = ['--domain', 'file:../domain'];
const API = { repository: 'default', id: 'shop/api' };
const WEB = { repository: 'default', id: 'shop/web' };

let project: TestProject;

const call = (...words: string[]): Promise<Outcome> => project.run(...words, ...DOMAIN);

async function damage(...keys: readonly ObjectKey[]): Promise<void> {
  const store = directoryStore(project.path('../domain'));
  for (const key of keys) {
    const object = await store.read(key);
    if (object !== undefined) await leaveBody(object);
    const damaged = contentOf('damaged');
    const outcome =
      object === undefined ? await store.create(key, damaged) : await store.replace(key, damaged, object.revision);
    if (outcome !== 'created' && outcome !== 'replaced') throw new Error(`'${key}' could not be damaged: ${outcome}`);
  }
}

/** What is told nevertheless, where each of these records is warned about, to people and to machines. */
async function told(words: readonly string[], keys: readonly string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout } = await call(...words, '--json');
  expect(exitCode).toBe(0);
  const document = JSON.parse(stdout) as { warnings: { code: string; message: string; remedy: string }[] };
  const named = document.warnings.map(({ message }) => /^'(?<key>[^']+)' in the store is not /.exec(message)?.[1]);
  expect(named.toSorted()).toEqual([...keys].sort());
  for (const { code, remedy } of document.warnings) {
    expect(code).toBe('unreadable-record');
    expect(remedy).toContain("'cfn-artifacts verify --domain file:../domain'");
  }
  const people = await call(...words);
  expect(people.exitCode).toBe(0);
  for (const key of keys) expect(people.stderr).toContain(`warning: '${key}' in the store is not `);
  expect(people.stderr).toContain("'cfn-artifacts verify --domain file:../domain'");
  return { ...document, text: people.stdout };
}

beforeEach(async () => {
  project = await TestProject.of({ 'one.txt': 'one', 'two.txt': 'two', 'web.txt': 'web' });
  await call('publish', 'one.txt', '--id', 'shop/api', '--label', '1.0.0');
  await call('publish', 'two.txt', '--id', 'shop/api', '--label', '2.0.0');
  await call('publish', 'web.txt', '--id', 'shop/web');
  await call('bookmark', 'set', 'shop/api:1', 'prod');
});

const unread = [versionKey(API, 2), bookmarkKey(API, 'test'), labelKey(API, '1.0.0'), statusKey(WEB, 1)];

describe('a damaged record is warned about, and everything else is told by', () => {
  test('tree', async () => {
    await damage(...unread);
    await call('publish', 'one.txt', '--id', 'tool');
    expect(await told(['tree'], unread)).toMatchObject({
      tree: [
        {
          below: [{ name: 'api', newestVersion: 1, labels: [], bookmarks: [{ bookmark: 'prod', version: 1 }] }],
        },
        { name: 'tool' },
      ],
      text: expect.stringMatching(/api:1 {2}\^prod\n[^]*tool:1/),
    });
  });

  test('list, of artifacts and of versions', async () => {
    await damage(...unread);
    const records = [versionKey(API, 2), statusKey(WEB, 1)];
    expect(await told(['list', '--recursive'], records)).toMatchObject({
      artifacts: [{ id: 'shop/api', newestVersion: 1 }],
    });
    expect(await told(['list', '--versions'], [...records, labelKey(API, '1.0.0')])).toMatchObject({
      versions: [{ id: 'shop/api', version: 1, labels: [] }],
      text: expect.stringContaining('default/shop/api:1 '),
    });
    expect(await told(['list', '--versions', '--label', '2*'], records.slice(0, 1))).toMatchObject({ versions: [] });
  });

  test('list, where who uses what can’t be read, as used', async () => {
    const use = objectKey(`references/${sha256('web')}/named/job/1`);
    await damage(use, bookmarkKey(API, 'test'));
    const keys = [use, bookmarkKey(API, 'test')];
    expect(await told(['list', '--versions', '--unused'], keys)).toMatchObject({ versions: [] });
    expect(await told(['list', '--versions', '--used'], keys)).toMatchObject({
      versions: [{ version: 2 }, { version: 1 }, { id: 'shop/web' }],
    });
  });

  test('show, of an artifact', async () => {
    await damage(versionKey(API, 2));
    expect(await told(['show', 'shop/api'], [versionKey(API, 2)])).toMatchObject({
      version: 1,
      newest: [{ version: 1, labels: ['1.0.0'] }],
    });
  });

  test('bookmark list', async () => {
    await damage(bookmarkKey(API, 'test'));
    expect(await told(['bookmark', 'list', 'shop/api'], [bookmarkKey(API, 'test')])).toMatchObject({
      bookmarks: [{ bookmark: 'prod', version: 1, arn: expect.stringMatching(/@sha256:[0-9a-f]{64}$/) }],
      text: expect.stringMatching(/^prod +1 /m),
    });
    await damage(versionKey(API, 1));
    const { exitCode, stdout } = await call('bookmark', 'list', 'shop/api', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      bookmarks: [{ bookmark: 'prod', version: 1, arn: expect.stringMatching(/:default\/shop\/api:1$/) }],
      warnings: [{ code: 'unreadable-record' }, { code: 'unreadable-record' }],
    });
  });

  test('repository list', async () => {
    await call('repository', 'create', 'production');
    await call('repository', 'create', 'staging');
    await damage(settingsKey('staging'));
    expect(await told(['repository', 'list'], [settingsKey('staging')])).toMatchObject({
      repositories: [{ repository: 'default' }, { repository: 'production' }],
    });
  });
});

describe('references --unused', () => {
  test('advises nobody to delete what may be used', async () => {
    await call('publish', 'one.txt', '--id', 'tool');
    const use = objectKey(`references/${sha256('web')}/named/job/1`);
    await damage(bookmarkKey(API, 'test'), use);
    expect(await told(['references', '--unused'], [bookmarkKey(API, 'test'), use])).toMatchObject({
      versions: [{ id: 'tool', version: 1 }],
    });
  });

  test('leaves out a version that can’t be read, or its status', async () => {
    await damage(versionKey(API, 2), statusKey(WEB, 1));
    await call('publish', 'one.txt', '--id', 'tool');
    expect(await told(['references', '--unused'], [versionKey(API, 2), statusKey(WEB, 1)])).toMatchObject({
      versions: [{ id: 'tool', version: 1 }],
    });
  });

  test('what decides of deleting takes nothing that can’t be read for unused', async () => {
    await damage(bookmarkKey(API, 'test'));
    for (const words of [
      ['delete', 'shop/api:2', '--yes'],
      ['status', 'set', 'shop/api:2', 'Disposed', '--yes'],
    ])
      expect((await call(...words)).exitCode).toBe(3);
    expect((await call('status', 'get', 'shop/api:2')).stdout).toContain('Published');
  });
});

describe('references --behind', () => {
  test('tells of all other artifacts', async () => {
    await call('bookmark', 'set', 'shop/web:1', 'prod');
    await damage(bookmarkKey(WEB, 'prod'));
    expect(await told(['references', '--behind', 'prod'], [bookmarkKey(WEB, 'prod')])).toMatchObject({ behind: [] });
    expect((await call('references', '--behind', 'prod')).stderr).toContain(
      "as far as can be read, no stack is behind the bookmark 'prod'",
    );
    await damage(bookmarkKey(API, 'prod'));
    expect((await call('references', '--behind', 'prod')).exitCode).toBe(0);
  });
});
