import { describe, expect, test } from '@jest/globals';
import { run as runProgram } from '../../../packager/cli/program.ts';
import { readDeletion } from '../../../repository/deletion.ts';
import { isDigest, readVersion, sha256 } from '../../../repository/index.ts';
import { knowEveryError } from '../../support/realm.ts';
import { Shop, SHOP_API } from '../../support/shop.ts';
import { recordedTerminal } from '../../support/terminal.ts';

knowEveryError();

/** So many versions of shop/api, each published with more flags. */
const openShop = (...versions: readonly (readonly string[])[]): Promise<Shop> =>
  Shop.open(...versions.map((flags, index) => ({ text: `content ${index + 1}`, flags })));

describe('status set', () => {
  test('gives versions another status, and may be repeated', async () => {
    const shop = await openShop([], []);
    const archived = ['status', 'set', 'shop/api:1', 'Archived', '--if', 'Published'];
    expect(await shop.said(...archived)).toBe('default/shop/api:1 is Archived now, after Published\n');
    expect(await shop.said(...archived)).toBe('default/shop/api:1 is Archived already\n');
    expect(await shop.said('status', 'set', 'shop/api:1', 'shop/api:2', 'unlisted')).toBe(
      'default/shop/api:1 is Unlisted now, after Archived\ndefault/shop/api:2 is Unlisted now, after Published\n',
    );
    expect(JSON.parse(await shop.said('status', 'set', 'shop/api:2', 'Published', '--json'))).toEqual({
      versions: [{ ...SHOP_API, version: 2, outcome: 'changed', from: 'Unlisted', status: 'Published', content: [] }],
      warnings: [],
    });
    expect((await shop.said('status', 'get', 'shop/api:1', 'shop/api:2')).split('\n')).toEqual([
      ...['VERSION             STATUS', 'default/shop/api:1  Unlisted', 'default/shop/api:2  Published', ''],
    ]);
    expect(JSON.parse(await shop.said('status', 'get', 'shop/api:1', '--json'))).toEqual({
      versions: [{ ...SHOP_API, version: 1, status: 'Unlisted' }],
      warnings: [],
    });
  });

  test('Archived: no new references; Unlisted: not chosen as the latest', async () => {
    const shop = await openShop([], []);
    await shop.said('reference', 'add', 'shop/api:1', '--consumer', 'job');
    await shop.said('status', 'set', 'shop/api:1', 'Archived');
    expect(await shop.refused('reference', 'add', 'shop/api:1', '--consumer', 'other')).toContain(
      "error: 'default/shop/api:1' is archived and takes no new references\n",
    );
    expect(await shop.refused('bookmark', 'set', 'shop/api:1', 'prod')).toContain('is archived and takes no new');
    expect(await shop.said('references', 'shop/api:1')).toContain('job');
    expect(await shop.said('get', 'shop/api:1', '-o', '-')).toBe('content 1');
    await shop.said('status', 'set', 'shop/api:2', 'Unlisted');
    expect(await shop.refused('get', 'shop/api:latest', '-o', '-')).toContain('no version that is Published');
    expect(await shop.said('get', 'shop/api:2', '-o', '-')).toBe('content 2');
  });

  test('changes nothing where one of several can not be changed', async () => {
    const shop = await openShop([], [], []);
    await shop.said('delete', 'shop/api:3', '--yes');
    const stderr = await shop.refused('status', 'set', 'shop/api:1', 'shop/api:3', 'Archived');
    expect(stderr).toContain("error: 'default/shop/api:3' is Deleted, and cannot become Archived\n");
    expect(stderr).toContain('cfn-artifacts undelete default/shop/api:3');
    expect(await shop.statusOf(1)).toBe('Published');
    await shop.said('status', 'set', 'shop/api:2', 'Unlisted');
    const stale = await shop.refused('status', 'set', 'shop/api:1', 'shop/api:2', 'Archived', '--if', 'Published');
    expect(stale).toContain("error: 'default/shop/api:2' is Unlisted, not Published\n");
    expect(await shop.statusOf(1)).toBe('Published');
    const missing = await shop.refused('status', 'set', 'shop/api:1', 'shop/api:9', 'shop/api', 'Archived');
    expect(missing.match(/^error: /gm)).toHaveLength(2);
    expect(await shop.statusOf(1)).toBe('Published');
  });

  test.each([
    ['Deleted', "STATUS must be one of 'Published', 'Unlisted', 'Archived', 'Disposed', not 'Deleted'"],
    ['Unfinished', 'STATUS must be one of'],
    ['shop/api:2', 'STATUS must be one of'],
  ])('takes no %s', async (status, why) => {
    const shop = await openShop([]);
    expect(await shop.refused('status', 'set', 'shop/api:1', status)).toContain(`error: ${why}`);
    expect(await shop.refused('status', 'set', 'shop/api:1')).toContain('STATUS is missing');
  });

  test('Disposed gives up what nobody needs, keeps the record, and is final', async () => {
    const shop = await openShop([], []);
    expect(await shop.refused('status', 'set', 'shop/api:1', 'Disposed')).toContain('there is no terminal to ask');
    expect(await shop.said('status', 'set', 'shop/api:1', 'Disposed', '--yes')).toMatch(
      /^default\/shop\/api:1 is Disposed now, after Published; its content is in quarantine until .*\n$/,
    );
    expect(await shop.statusOf(1)).toBe('Disposed');
    expect((await readDeletion(shop.domain.store, sha256('content 1')))?.value.state).toBe('condemned');
    expect(await shop.said('undelete', 'shop/api:1')).toContain('is not deleted: it is Disposed\n');
    const final = await shop.refused('status', 'set', 'shop/api:1', 'Published');
    expect(final).toContain("error: 'default/shop/api:1' is Disposed, and cannot become Published\n");
    expect(await shop.said('publish', '1.txt', '--id', 'shop/api')).toContain('default/shop/api:3@sha256:');
    expect(await shop.said('verify')).toBe('');
  });

  test('Disposed is refused where somebody needs the version, with everybody who does', async () => {
    const shop = await openShop([]);
    await shop.said('bookmark', 'set', 'shop/api:1', 'prod');
    await shop.said('reference', 'add', 'shop/api:1', '--consumer', 'job');
    const stderr = await shop.refused('status', 'set', 'shop/api:1', 'Disposed', '--yes');
    expect(stderr).toContain("error: 'default/shop/api:1' is in use by consumer 'job' and bookmark 'prod'\n");
    expect(await shop.statusOf(1)).toBe('Published');
    expect(stderr).toContain("lets go by 'cfn-artifacts reference remove default/shop/api:1 --consumer job");
    expect(isDigest((await readVersion(shop.domain, SHOP_API, 1))?.manifest.assets[0].digest ?? '')).toBe(true);
  });
});

describe('status set, before anything is changed', () => {
  test('nobody is asked about what can’t be disposed of, because somebody needs it', async () => {
    const shop = await openShop([], [], []);
    await shop.said('bookmark', 'set', 'shop/api:2', 'prod');
    await shop.said('reference', 'add', 'shop/api:3', '--consumer', 'job');
    const questions: string[] = [];
    const answering = async (...versions: readonly string[]): Promise<{ exitCode: number; stderr: string }> => {
      const terminal = recordedTerminal({
        cwd: shop.project.folder,
        askOpenly: (question) => {
          questions.push(question);
          return Promise.resolve('y');
        },
      });
      const words = ['status', 'set', ...versions, 'Disposed', '--domain', 'file:../domain'];
      return { exitCode: await runProgram(words, terminal), stderr: terminal.stderr.text };
    };
    const { exitCode, stderr } = await answering('shop/api:1', 'shop/api:2', 'shop/api:3');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("error: 'default/shop/api:2' is in use by bookmark 'prod'\n");
    expect(stderr).toContain("error: 'default/shop/api:3' is in use by consumer 'job'\n");
    expect(questions).toEqual([]);
    expect(await shop.statusOf(1)).toBe('Published');
    expect(await answering('shop/api:1')).toMatchObject({ exitCode: 0 });
    expect(questions).toHaveLength(1);
    expect(await shop.statusOf(1)).toBe('Disposed');
  });

  test('--if takes no status that is one for a moment', async () => {
    const shop = await openShop([]);
    const stderr = await shop.refused('status', 'set', 'shop/api:1', 'Archived', '--if', 'Deleting');
    expect(stderr).toContain("'Disposed', 'Deleted', not 'Deleting'\n");
  });
});

const candidate = (set: string): readonly string[] => ['--unfinished', '--label', '1.0.0', '--set', set];

describe('finish, activate', () => {
  test('one of the candidates gets the label, for ever; the others stay behind', async () => {
    const shop = await openShop(candidate('build-1'), candidate('build-2'), candidate('build-3'));
    expect(await shop.said('get', 'shop/api:1.0.0', '-o', '-')).toBe('content 3');
    expect(await shop.said('activate', 'shop/api:1.0.0', '--set', 'build-1')).toBe(
      'default/shop/api^1.0.0 names version 1 now\n',
    );
    expect(await shop.said('get', 'shop/api:1.0.0', '-o', '-')).toBe('content 1');
    const finish = ['finish', 'shop/api:1.0.0', '--set', 'build-2'];
    expect(await shop.said(...finish)).toBe("default/shop/api:1.0.0 is version 2, made as 'build-2', and Published\n");
    expect(await shop.said(...finish)).toContain('is version 2 already');
    expect(JSON.parse(await shop.said('finish', 'shop/api:1.0.0', '--json'))).toMatchObject({
      ...{ outcome: 'exists', ...SHOP_API, version: 2, label: '1.0.0', set: 'build-2', status: 'Published' },
    });
    expect(await shop.said('get', 'shop/api:1.0.0', '-o', '-')).toBe('content 2');
    expect(await shop.said('get', 'shop/api', '-o', '-')).toBe('content 2');
    expect([await shop.statusOf(1), await shop.statusOf(3)]).toEqual(['Unfinished', 'Unfinished']);
    for (const command of ['finish', 'activate']) {
      const stderr = await shop.refused(command, 'shop/api:1.0.0', '--set', 'build-3');
      expect(stderr).toContain("'default/shop/api:1.0.0' is finished, as version 2");
    }
    expect([await shop.statusOf(2), await shop.statusOf(3)]).toEqual(['Published', 'Unfinished']);
  });

  test('the active one is finished where none is named', async () => {
    const shop = await openShop(candidate('a'), candidate('b'));
    await shop.said('activate', 'shop/api:1.0.0', '--set', 'a');
    expect(await shop.said('finish', 'shop/api:1.0.0')).toContain("is version 1, made as 'a'");
  });

  test('a candidate becomes Published in no other way', async () => {
    const shop = await openShop(candidate('a'));
    const stderr = await shop.refused('status', 'set', 'shop/api:1', 'Published');
    expect(stderr).toContain("error: 'default/shop/api:1' is not finished, and cannot become Published\n");
    expect(stderr).toContain("'cfn-artifacts finish default/shop/api:1.0.0 --set a --domain file:../domain'");
    await shop.said('status', 'set', 'shop/api:1', 'Archived');
    expect(await shop.refused('status', 'set', 'shop/api:1', 'Published')).toContain('is not finished');
    await shop.said('status', 'set', 'shop/api:1', 'Unlisted');
    expect(await shop.said('finish', 'shop/api:1.0.0')).toContain('is version 1');
  });

  test('refuse what is no candidate, one that was given up, and one that is not there', async () => {
    const shop = await openShop(['--label', '0.9.0'], candidate('a'), candidate('b'));
    expect(await shop.refused('finish', 'shop/api:0.9.0')).toContain("error: 'default/shop/api:1' is no candidate");
    await shop.said('delete', 'shop/api:2', '--yes');
    expect(await shop.refused('finish', 'shop/api:1.0.0', '--set', 'a')).toContain('is deleted');
    expect(await shop.refused('finish', 'shop/api:1.0.0', '--set', 'c')).toContain("no label '1.0.0+c'");
    expect(await shop.refused('activate', 'shop/api:1.0.0')).toContain('--set');
    expect(await shop.refused('finish', 'shop/api:3', '--set', 'b')).toContain('names none');
    expect(await shop.said('finish', 'shop/api:3')).toContain("made as 'b', and Published");
  });
});
