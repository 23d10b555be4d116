import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { setBookmark } from '../../../repository/bookmark.ts';
import { bookmarkKey } from '../../../repository/keys.ts';
import { recordContent } from '../../../repository/record.ts';
import { knowEveryError } from '../../support/realm.ts';
import { Shop, SHOP_API, timelessLines } from '../../support/shop.ts';

knowEveryError();

const ARN = 'arn:aws:artifacts:local:000000000000:default/shop/api';

/** Three versions of shop/api. */
const openShop = (): Promise<Shop> => Shop.open({ text: 'one' }, { text: 'two' }, { text: 'three' });

/** Of a version of shop/api: with the digest of its one file. */
function definite(version: 1 | 2 | 3): string {
  const content = { 1: 'one', 2: 'two', 3: 'three' }[version];
  return `${ARN}:${version}@sha256:${createHash('sha256').update(content).digest('hex')}`;
}

describe('bookmark set', () => {
  test('lets it name a version, and moves it', async () => {
    const shop = await openShop();
    expect(await shop.said('bookmark', 'set', 'shop/api:1', 'prod')).toBe(
      'default/shop/api^prod names version 1 now\n',
    );
    expect(await shop.said('bookmark', 'set', 'shop/api:1', 'prod')).toBe(
      'default/shop/api^prod names version 1 already\n',
    );
    expect(await shop.said('bookmark', 'set', 'default/shop/api:latest', 'prod')).toBe(
      'default/shop/api^prod names version 3 now, after 1\n',
    );
    expect(await shop.said('bookmark', 'get', 'shop/api', 'prod')).toBe(`${definite(3)}\n`);
    expect(await shop.said('bookmark', 'set', 'shop/api^prod', 'staging')).toBe(
      'default/shop/api^staging names version 3 now\n',
    );
    expect((await shop.run('bookmark', 'set', 'shop/api:2', 'prod', '--quiet')).stdout).toBe('');
    expect(await shop.said('get', 'shop/api^prod', '-o', '-')).toBe('two');
  });

  test('only where it names what is expected', async () => {
    const shop = await openShop();
    const missing = await shop.run('bookmark', 'set', 'shop/api:1', 'prod', '--if', '2');
    expect(missing).toMatchObject({ exitCode: 2, stdout: '' });
    expect(missing.stderr).toBe(
      "error: 'default/shop/api^prod' names nothing, not version 2\n  Nobody has made it, or it was deleted: 'cfn-artifacts bookmark list default/shop/api --domain file:../domain' tells which there are.\n",
    );
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod', '--if', 'none');
    const stale = await shop.run('bookmark', 'set', 'shop/api:2', 'prod', '--if', 'none', '--json');
    expect(JSON.parse(stale.stdout)).toMatchObject({
      error: {
        ...{ code: 'STALE_REVISION', exitCode: 2 },
        remedy: expect.stringContaining(
          "'cfn-artifacts bookmark history default/shop/api prod --domain file:../domain'",
        ),
      },
    });
    expect(await shop.said('bookmark', 'set', 'shop/api:2', 'prod', '--if', '1')).toContain('version 2 now');
    // A command that is repeated comes to the same.
    expect(await shop.said('bookmark', 'set', 'shop/api:2', 'prod', '--if', '1')).toContain('version 2 already');
    const wrong = await shop.run('bookmark', 'set', 'shop/api:2', 'prod', '--if', 'latest');
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain("'--if'");
  });

  test('tells which stacks are behind now, and what to do', async () => {
    const shop = await openShop();
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    await shop.uses({}, 'default/shop/api:1', 'default/shop/api^prod');
    await shop.uses({ stack: 'web', logicalId: 'A' }, 'default/shop/api:1', 'default/shop/api^staging');
    await shop.said('bookmark', 'set', 'shop/api:2', 'prod');
    await shop.uses({ stack: 'late' }, 'default/shop/api:2', 'default/shop/api^prod');
    const { exitCode, stdout, stderr } = await shop.run('bookmark', 'set', 'shop/api:3', 'prod');
    expect(exitCode).toBe(0);
    expect(timelessLines(stdout)).toEqual([
      'default/shop/api^prod names version 3 now, after 2',
      "deployed through '^prod', and behind:",
      'STACK  REGION  ACCOUNT       LOGICAL ID   VERSION  SINCE',
      'late   local   000000000000  ApiArtifact        2  yyyy-mm-dd hh:mmZ',
      'shop   local   000000000000  ApiArtifact        1  yyyy-mm-dd hh:mmZ',
    ]);
    expect(stderr).toMatch(/^Nothing that is deployed follows a bookmark by itself: .*\n$/);
    const { behind, ...told } = await shop.json('bookmark', 'set', 'shop/api:1', 'prod');
    expect(told).toEqual({
      ...{ outcome: 'moved', ...SHOP_API, bookmark: 'prod', from: 3, version: 1, arn: definite(1), warnings: [] },
    });
    expect(behind).toMatchObject([{ stack: 'late', version: 2, stackId: expect.stringContaining(':stack/late/') }]);
  });

  test.each([
    ['shop/api', "'shop/api' names an artifact, and no version of it"],
    ['shop/api:9', "'default/shop/api' has no version 9"],
    ['shop/api^none', "'default/shop/api' has no bookmark 'none'"],
    ['shop/none:1', "there is no artifact 'shop/none'"],
  ])('refuses %s', async (artifact, why) => {
    const shop = await openShop();
    const { exitCode, stdout, stderr } = await shop.run('bookmark', 'set', artifact, 'prod');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`error: ${why}`);
    expect(shop.project.stored('bookmarks')).toEqual([]);
  });

  test('refuses a version that was deleted, a name that is none, and a bookmark that is not said', async () => {
    const shop = await openShop();
    await shop.said('delete', 'shop/api:1', '--yes');
    const deleted = await shop.run('bookmark', 'set', 'shop/api:1', 'prod');
    expect(deleted.exitCode).toBe(2);
    expect(deleted.stderr).toContain("error: 'default/shop/api:1' is deleted and takes no new references\n");
    const odd = await shop.run('bookmark', 'set', 'shop/api:2', 'a/b');
    expect(odd.stderr).toContain("error: 'a/b' is no bookmark");
    expect((await shop.run('bookmark', 'set', 'shop/api:2')).stderr).toContain('BOOKMARK is missing');
    expect(shop.project.stored('bookmarks')).toEqual([]);
  });

  test('what it names can not be deleted, and what it named can', async () => {
    const shop = await openShop();
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    const refused = await shop.run('delete', 'shop/api:1', '--yes');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("'default/shop/api:1' is in use by bookmark 'prod'");
    await shop.said('bookmark', 'set', 'shop/api:2', 'prod');
    await shop.said('delete', 'shop/api:1', '--yes');
  });
});

describe('bookmark get, list, history', () => {
  test('tell where bookmarks are and were, and who moved them', async () => {
    const shop = await openShop();
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    await shop.said('bookmark', 'set', 'shop/api:2', 'prod');
    await shop.said('bookmark', 'set', 'shop/api:3', 'test');
    const listed = await shop.json('bookmark', 'list', 'shop/api');
    const by = (listed['bookmarks'] as readonly { readonly by?: string }[])[0]?.by ?? '-';
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown;
    const who = by === '-' ? {} : { by };
    expect(listed).toEqual({
      bookmarks: [
        { bookmark: 'prod', at: time, ...who, version: 2, arn: definite(2) },
        { bookmark: 'test', at: time, ...who, version: 3, arn: definite(3) },
      ],
      ...{ ...SHOP_API, warnings: [] },
    });
    expect(timelessLines(await shop.said('bookmark', 'list', 'shop/api'))).toEqual([
      'BOOKMARK  VERSION  SINCE              BY',
      `prod            2  yyyy-mm-dd hh:mmZ  ${by}`,
      `test            3  yyyy-mm-dd hh:mmZ  ${by}`,
    ]);
    expect(timelessLines(await shop.said('bookmark', 'history', 'shop/api', 'prod'))).toEqual([
      'VERSION  FROM               UNTIL              BY',
      `      2  yyyy-mm-dd hh:mmZ  -                  ${by}`,
      `      1  yyyy-mm-dd hh:mmZ  yyyy-mm-dd hh:mmZ  ${by}`,
    ]);
    expect(await shop.json('bookmark', 'history', 'shop/api', 'prod')).toEqual({
      ...{ ...SHOP_API, bookmark: 'prod', warnings: [] },
      history: [
        { version: 2, from: time, ...who },
        { version: 1, from: time, until: time, ...who },
      ],
    });
    expect(await shop.json('bookmark', 'get', 'shop/api', 'prod')).toEqual({
      ...{ ...SHOP_API, bookmark: 'prod', version: 2, arn: definite(2), at: time, ...who, warnings: [] },
    });
    expect(await shop.said('bookmark', 'get', 'shop/api', 'prod')).toBe(`${definite(2)}\n`);
  });

  test('of a version with several files that with its number is definite', async () => {
    const shop = await openShop();
    await shop.said('publish', '--id', 'shop/api', '--asset', '1.txt', '--asset', '2.txt');
    await shop.said('bookmark', 'set', 'shop/api:4', 'prod');
    expect(await shop.said('bookmark', 'get', 'shop/api', 'prod')).toBe(`${ARN}:4\n`);
  });

  test.each(['get', 'history', 'delete'])('%s of an unknown one offers the name that is near', async (command) => {
    const shop = await openShop();
    const run = async (bookmark: string): Promise<readonly [number, string]> => {
      const { exitCode, stderr } = await shop.run('bookmark', command, 'shop/api', bookmark);
      return [exitCode, stderr];
    };
    const none = "error: 'default/shop/api' has no bookmark 'prd'\n";
    expect(await run('prd')).toEqual([2, `${none}  There is none.\n`]);
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    await shop.said('bookmark', 'set', 'shop/api:1', 'test');
    expect(await run('prd')).toEqual([2, `${none}  Did you mean 'prod'?\n`]);
    expect((await run('elsewhere'))[1]).toContain("There is 'prod', 'test'.");
  });

  test('take an artifact, and no version', async () => {
    const shop = await openShop();
    const { exitCode, stderr } = await shop.run('bookmark', 'list', 'shop/api:1');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Name the artifact alone: 'default/shop/api'.");
    const none = await shop.run('bookmark', 'list', 'shop/api');
    expect(none).toMatchObject({ exitCode: 0, stdout: '', stderr: "'default/shop/api' has no bookmarks\n" });
  });

  test('keep 500 of those that a bookmark named', async () => {
    const shop = await openShop();
    const arn = { ...{ partition: 'aws', account: '000000000000', region: 'local' }, ...SHOP_API };
    const past = Array.from({ length: 500 }, (_, index) => ({
      ...{ number: 1 + (index % 2), until: new Date(Date.UTC(2026, 0, 1) - index).toISOString() },
    }));
    const record = { format: 1, nonce: 'n', number: 3, history: past };
    await shop.domain.store.create(bookmarkKey(SHOP_API, 'prod'), recordContent(record));
    await setBookmark(shop.domain, { ...arn, version: 1 }, 'prod');
    const { history } = await shop.json('bookmark', 'history', 'shop/api', 'prod');
    expect(history).toHaveLength(501);
    expect((history as readonly { version: number }[]).slice(0, 3).map(({ version }) => version)).toEqual([1, 3, 1]);
  });
});

describe('bookmark delete', () => {
  test('lets it name nothing, keeps its history, and may be repeated', async () => {
    const shop = await openShop();
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    const stale = await shop.run('bookmark', 'delete', 'shop/api', 'prod', '--if', '2');
    expect(stale.stderr).toContain("error: 'default/shop/api^prod' names version 1, not version 2\n");
    const { stdout, stderr } = await shop.run('bookmark', 'delete', 'shop/api', 'prod', '--if', '1');
    expect(stdout).toBe('default/shop/api^prod names nothing any more; it named version 1\n');
    expect(stderr).toContain("'cfn-artifacts bookmark history default/shop/api prod --domain file:../domain'");
    expect(await shop.said('bookmark', 'delete', 'shop/api', 'prod', '--if', '1')).toContain('named nothing already');
    expect((await shop.run('get', 'shop/api^prod', '-o', '-')).stderr).toContain("has no bookmark 'prod'");
    const history = await shop.run('bookmark', 'history', 'shop/api', 'prod');
    expect(timelessLines(history.stdout)).toHaveLength(2);
    expect(history.stderr).toBe("'default/shop/api^prod' was deleted: it names nothing now\n");
    expect(await shop.json('bookmark', 'list', 'shop/api')).toMatchObject({ bookmarks: [] });
    await shop.said('delete', 'shop/api:1', '--yes');
    expect(await shop.said('bookmark', 'set', 'shop/api:2', 'prod', '--if', 'none')).toContain('names version 2 now\n');
  });
});

describe('references --behind', () => {
  test('tells the stacks of every artifact that has the bookmark', async () => {
    const shop = await openShop();
    await shop.said('publish', '1.txt', '--id', 'other');
    await shop.said('bookmark', 'set', 'other:1', 'prod');
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    await shop.uses({}, 'default/shop/api:1', 'default/shop/api^prod');
    const none = await shop.run('references', '--behind', 'prod');
    expect(none).toMatchObject({
      ...{ exitCode: 0, stdout: '' },
      stderr: "2 artifacts have the bookmark 'prod', and no stack is behind it\n",
    });
    await shop.said('bookmark', 'set', 'shop/api:3', 'prod');
    const { exitCode, stdout, stderr } = await shop.run('references', '--behind', 'prod', 'shop/');
    expect(exitCode).toBe(0);
    expect(timelessLines(stdout)).toEqual([
      'ARTIFACT          NAMES  STACK  REGION  ACCOUNT       LOGICAL ID   VERSION  SINCE',
      'default/shop/api      3  shop   local   000000000000  ApiArtifact        1  yyyy-mm-dd hh:mmZ',
    ]);
    expect(stderr).toContain('package and deploy these stacks again');
    expect(await shop.json('references', '--behind', 'prod')).toMatchObject({
      behind: [{ ...SHOP_API, bookmark: 'prod', names: 3, version: 1, stack: 'shop', logicalId: 'ApiArtifact' }],
      warnings: [],
    });
    expect(await shop.json('references', '--behind', 'prod', 'other')).toEqual({ behind: [], warnings: [] });
  });

  test('of one that no artifact has says so, with the name that is near', async () => {
    const shop = await openShop();
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    const { exitCode, stdout, stderr } = await shop.run('references', '--behind', 'prd');
    expect({ exitCode, stdout, stderr }).toEqual({
      ...{ exitCode: 2, stdout: '' },
      stderr: "error: no artifact in 'default' has a bookmark 'prd'\n  Did you mean 'prod'?\n",
    });
    const both = await shop.run('references', '--behind', 'prod', '--unused');
    expect(both.exitCode).toBe(2);
    expect((await shop.run('references', '--behind', 'prod', 'shop/api:1')).stderr).toContain("what '--behind' takes");
  });
});
