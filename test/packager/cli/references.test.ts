import { describe, expect, test } from '@jest/globals';
import { handle } from '../../../handler/reference/handle.ts';
import { CHANCE } from '../../../packager/chance.ts';
import { bookmarkKey, namedReferenceKey, stackReferenceKey } from '../../../repository/keys.ts';
import { formatArn, resolve } from '../../../repository/index.ts';
import type { Domain } from '../../../repository/index.ts';
import { recordContent } from '../../../repository/record.ts';
import { knowEveryError } from '../../support/realm.ts';
import { Shop, SHOP_API, SHOP_STACK, timelessLines } from '../../support/shop.ts';
import { StackEngine } from '../../support/stack-engine/engine.ts';
import type { InvocationContext } from '../../support/stack-engine/engine.ts';

knowEveryError();

/** Versions 1 and 2 of shop/api, and 1 of shop/web. */
const openShop = (): Promise<Shop> => Shop.open({ text: 'one' }, { text: 'two' }, { text: 'web', id: 'shop/web' });

describe('references ARTIFACT', () => {
  test('shows who uses which version, newest first, and who is no stack', async () => {
    const shop = await openShop();
    await shop.uses({}, 'default/shop/api:1');
    await shop.uses({ stack: 'web', logicalId: 'A' }, 'default/shop/api:2', 'default/shop/api^prod');
    const { arn, key, digest } = await resolve(shop.domain, 'default/shop/api:2');
    const byHand = { format: 1, generation: 'g', at: '2026-01-01T00:00:00.000Z', uses: [{ arn: formatArn(arn), key }] };
    await shop.domain.store.create(namedReferenceKey(digest, 'edge', 'g'), recordContent(byHand));
    const outcome = await shop.run('references', 'shop/api');
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(timelessLines(outcome.stdout)).toEqual([
      'VERSION  USED BY  LOGICAL ID   ACCOUNT       REGION  SINCE              CHOSEN BY',
      '      2  edge     -            -             -       yyyy-mm-dd hh:mmZ  -',
      '      2  web      A            000000000000  local   yyyy-mm-dd hh:mmZ  ^prod',
      '      1  shop     ApiArtifact  000000000000  local   yyyy-mm-dd hh:mmZ  -',
    ]);
    expect(timelessLines(await shop.said('references', 'default/shop/api:1'))).toHaveLength(2);
    const { arn: whole } = await resolve(shop.domain, 'default/shop/api:1');
    expect(timelessLines(await shop.said('references', formatArn(whole)))).toHaveLength(2);
    expect(timelessLines(await shop.said('references', formatArn(whole).replace(/:1@.*/, '')))).toHaveLength(4);
    expect(timelessLines(await shop.said('references', `shop/api@sha256:${digest}`))).toHaveLength(3);
  });

  test('shows who needs a version with several files once', async () => {
    const shop = await openShop();
    const where = ['--domain', 'file:../domain'];
    shop.project.write({ 'a.txt': 'a', 'b.txt': 'b' });
    await shop.project.run('publish', '--id', 'shop/two', '--asset', 'a.txt', '--asset', 'b.txt', ...where);
    for (const consumer of ['job', 'other'])
      await shop.project.run('reference', 'add', 'shop/two:1', '--consumer', consumer, ...where);
    const [, ...rows] = timelessLines(await shop.said('references', 'shop/two'));
    expect(rows.map((row) => row.split(/ +/).slice(1, 3))).toEqual([
      ['1', 'job'],
      ['1', 'other'],
    ]);
    const { stdout } = await shop.run('references', 'shop/two', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ uses: [{}, {}, {}, {}] });
  });

  test('has a document for scripts', async () => {
    const shop = await openShop();
    await shop.uses({}, 'default/shop/api:2', 'default/shop/api^prod');
    const { arn, key, digest } = await resolve(shop.domain, 'default/shop/api:2');
    const { stdout } = await shop.run('references', 'shop/api', '--json');
    const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown;
    const use = { arn: formatArn(arn), version: 2, digest, key, since, resolvedFrom: 'default/shop/api^prod' };
    const stackId = 'arn:aws:cloudformation:local:000000000000:stack/shop/uuid-1';
    expect(JSON.parse(stdout)).toEqual({ uses: [{ ...use, ...SHOP_STACK, stackId }], warnings: [] });
    expect(stdout).toBe(`${JSON.stringify(JSON.parse(stdout), null, 2)}\n`);
    const nobody = await shop.run('references', 'shop/web', '--json');
    expect(nobody).toMatchObject({ exitCode: 0, stdout: '{\n  "uses": [],\n  "warnings": []\n}\n', stderr: '' });
  });

  test('says that nobody uses it', async () => {
    const shop = await openShop();
    const said = async (...argv: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await shop.run('references', ...argv);
      expect([exitCode, stdout]).toEqual([0, '']);
      return stderr;
    };
    expect(await said('shop/api')).toBe("nobody uses 'default/shop/api'\n");
    expect(await said('shop/api:2')).toBe("nobody uses 'default/shop/api:2'\n");
    expect(await said('shop/api:2', '--quiet')).toBe('');
    expect(await said('--stack', 'shop')).toBe("no stack 'shop' of account 000000000000 in local uses anything\n");
    for (const number of [1, 2])
      await shop.domain.store.create(bookmarkKey(SHOP_API, `b${number}`), recordContent({ number }));
    const none = "nobody uses 'default/shop/api";
    const kept = (number: number): string => `  but its bookmark 'b${number}' keeps version ${number}\n`;
    expect(await said('shop/api')).toBe(`${none}'\n${kept(1)}${kept(2)}`);
    expect(await said('shop/api:2')).toBe(`${none}:2'\n${kept(2)}`);
    expect(await said('shop/api^b1', '--quiet')).toBe('');
    expect(await said('--unused', 'shop/api')).toBe(
      "no version in 'default' whose ID begins with 'shop/api' is unused\n",
    );
  });

  test.each([
    'shop/ap',
    'shop/api:7',
    'shop/api^prod',
    'shop/api@sha256:00000000',
    'arn:aws:artifacts:eu-west-1:111122223333:default/shop/api',
    'arn:aws:artifacts:x',
  ])('fails as show does where there is no %s', async (artifact) => {
    const shop = await openShop();
    const shown = await shop.project.run('show', '--domain', 'file:../domain', artifact);
    expect(shown.exitCode).toBe(2);
    expect(await shop.run('references', artifact)).toEqual(shown);
  });

  test('ends its document with the error where reading fails on the way', async () => {
    const shop = await openShop();
    await shop.uses({}, 'default/shop/api:1');
    await shop.uses({ logicalId: 'B' }, 'default/shop/api:1');
    const { digest } = await resolve(shop.domain, 'default/shop/api:1');
    await shop.domain.store.overwrite(
      stackReferenceKey(digest, { ...SHOP_STACK, logicalId: 'B' }, 'request-2'),
      recordContent({ format: 1 }),
    );
    const { exitCode, stdout } = await shop.run('references', 'shop/api', '--json');
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      uses: [{ logicalId: 'ApiArtifact' }],
      error: { code: 'UNSUPPORTED_FORMAT', exitCode: 3 },
      warnings: [],
    });
  });
});

describe('references --stack', () => {
  test('shows what the stacks of a name use, each for itself', async () => {
    const shop = await openShop();
    await shop.uses({}, 'default/shop/api:1');
    await shop.uses({ logicalId: 'Web' }, 'default/shop/web:1', 'default/shop/web^prod');
    await shop.uses({ uuid: 'uuid-2' }, 'default/shop/api:2');
    await shop.uses({ account: '111122223333', region: 'eu-west-1' }, 'default/shop/api:2');
    expect(timelessLines(await shop.said('references', '--stack', 'shop'))).toEqual([
      'arn:aws:cloudformation:local:000000000000:stack/shop/uuid-1',
      'LOGICAL ID   ARTIFACT            SINCE              CHOSEN BY',
      'ApiArtifact  default/shop/api:1  yyyy-mm-dd hh:mmZ  -',
      'Web          default/shop/web:1  yyyy-mm-dd hh:mmZ  ^prod',
      '',
      'arn:aws:cloudformation:local:000000000000:stack/shop/uuid-2',
      'LOGICAL ID   ARTIFACT            SINCE              CHOSEN BY',
      'ApiArtifact  default/shop/api:2  yyyy-mm-dd hh:mmZ  -',
    ]);
    const one = 'arn:aws:cloudformation:local:000000000000:stack/shop/uuid-2';
    expect(timelessLines(await shop.said('references', '--stack', one))).toHaveLength(3);
    const elsewhere = ['--stack', 'shop', '--account', '111122223333', '--region', 'eu-west-1'];
    expect(timelessLines(await shop.said('references', ...elsewhere))).toHaveLength(3);
    const { stdout } = await shop.run('references', ...elsewhere, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ uses: [{ account: '111122223333', version: 2, stack: 'shop' }] });
  });
});

describe('references --unused', () => {
  test('shows the versions that nobody needs', async () => {
    const shop = await openShop();
    await shop.uses({}, 'default/shop/api:1');
    const outcome = await shop.run('references', '--unused');
    expect(timelessLines(outcome.stdout)).toEqual([
      'VERSION             SIZE  PUBLISHED          STATUS',
      'default/shop/api:2   3 B  yyyy-mm-dd hh:mmZ  Published',
      'default/shop/web:1   3 B  yyyy-mm-dd hh:mmZ  Published',
    ]);
    expect(timelessLines(await shop.said('references', '--unused', 'default/shop/w'))).toHaveLength(2);
    const { stdout } = await shop.run('references', '--unused', 'shop/api', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      versions: [{ ...SHOP_API, version: 2, status: 'Published' }],
      warnings: [],
    });
  });
});

test('of a stack that is deployed, updated and deleted they are what it uses', async () => {
  const shop = await openShop();
  const token = 'arn:aws:lambda:eu-west-1:111122223333:function:cfn-artifacts-reference';
  const templateOf = async (artifact: string): Promise<string> => {
    const { arn, key } = await resolve(shop.domain, artifact);
    const properties = { ServiceToken: token, ServiceTimeout: 300, ArtifactArn: formatArn(arn), Key: key };
    return JSON.stringify({ Resources: { Ref: { Type: 'Custom::ArtifactRef', Properties: properties } } });
  };
  const engine = await StackEngine.start({
    functions: { [token]: { run: (event, context) => answer(event, context, shop.domain) } },
  });
  const used = async (): Promise<unknown> => {
    const { stdout } = await shop.run('references', 'shop/api', '--json');
    const { uses } = JSON.parse(stdout) as { uses: { stack: string; version: number; stackId: string }[] };
    for (const { stackId } of uses)
      expect(timelessLines(await shop.said('references', '--stack', stackId))).toHaveLength(3);
    return uses.map(({ stack, version }) => `${stack} ${version}`);
  };
  try {
    await engine.deploy('orders', await templateOf('default/shop/api:1'));
    expect(await used()).toEqual(['orders 1']);
    await engine.deploy('orders', await templateOf('default/shop/api:2'));
    expect(await used()).toEqual(['orders 2']);
    await engine.deleteStack('orders');
    expect(await used()).toEqual([]);
  } finally {
    await engine.stop();
  }
});

async function answer(event: unknown, context: InvocationContext, { store, keeper, ...place }: Domain): Promise<void> {
  await handle(event, () => 60_000, {
    connect: () => ({
      store,
      keeper,
      chance: CHANCE,
      place,
      urlOf: (bucket, key) => `https://s3.test/${bucket}/${key}`,
    }),
    put: async (url, body) => {
      await context.put(url, { 'Content-Length': String(body.length) }, body);
    },
    log: () => undefined,
    now: context.now,
    // Virtual time does not pass in here: only its end could be waited for.
    pause: () => new Promise(() => undefined),
  });
}
