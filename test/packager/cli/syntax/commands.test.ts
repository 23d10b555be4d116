import { describe, expect, test } from '@jest/globals';
import { call } from '../../../support/called.ts';

const STACK_ARN = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/6c5c5d50-7f0c-11f0-8a2b-0affd3a5f1c1';

describe('the other commands', () => {
  test('publish', async () => {
    const { options } = await call(['publish', 'dist', '--id', 'shop/api', '--zip', '--exclude', '*.map', '--json']);
    expect(options.publish).toMatchObject({
      assets: [{ path: 'dist' }],
      ...{ id: 'shop/api', as: 'zip', exclude: ['*.map'], json: true, labels: [] },
    });
    const several = [
      'publish',
      '--id=a',
      '--asset',
      'lib=out/lib.so',
      '--asset=./x=y',
      '--label',
      '1.0.0',
      '--label=v1',
    ];
    expect((await call(several)).options.publish).toMatchObject({
      assets: [{ name: 'lib', path: 'out/lib.so' }, { path: './x=y' }],
      labels: ['1.0.0', 'v1'],
    });
    const candidate = ['publish', 'dist', '--id=a', '--unfinished', '--label', '1.0.0', '--set', 'build-24'];
    expect((await call(candidate)).options.publish).toMatchObject({
      ...{ labels: [], set: { label: '1.0.0', name: 'build-24' } },
    });
    expect((await call(['publish', '--id=a', 'dist', '--file'])).options.publish).toMatchObject({
      assets: [{ path: 'dist' }],
      as: 'file',
    });
    expect((await call(['publish', '--id=a', 'dist'])).options.publish).not.toHaveProperty('as');
  });

  test('get', async () => {
    const { options } = await call(['get', 'shop/api:3', '-o', 'api.zip']);
    expect(options.get).toMatchObject({ artifact: 'shop/api:3', output: 'api.zip', repository: 'default' });
    expect((await call(['get', '-o', '-', 'shop/api'])).options.get).toMatchObject({
      artifact: 'shop/api',
      output: '-',
    });
  });

  test('list and show', async () => {
    expect((await call(['list'])).options.list).not.toHaveProperty('prefix');
    expect((await call(['list', 'shop/'])).options.list?.prefix).toBe('shop/');
    expect((await call(['show', 'x', '--repository', 'apps'])).options.show).toMatchObject({
      artifact: 'x',
      repository: 'apps',
    });
  });
});

describe('references', () => {
  test.each<[string[], object]>([
    [['shop/api^prod'], { kind: 'users', artifact: 'shop/api^prod' }],
    [['--stack', 'shop'], { kind: 'stack', stack: 'shop' }],
    [['--stack', 'shop', '--account', '111122223333'], { kind: 'stack', stack: 'shop', account: '111122223333' }],
    [['--stack', STACK_ARN], { kind: 'stack', stack: STACK_ARN }],
    [['--unused'], { kind: 'unused' }],
    [['shop/', '--unused'], { kind: 'unused', prefix: 'shop/' }],
  ])('takes %j', async (argv, question) => {
    const { code, options } = await call(['references', ...argv]);
    expect(code).toBe(0);
    expect(options.references?.question).toEqual(question);
    expect(options.references).not.toHaveProperty('stack');
  });

  test.each<[string[], string]>([
    [[], 'it is not said whose references are wanted\n  Name an artifact to see who uses it, a stack with --stack'],
    [[''], 'ARTIFACT must not be empty\n'],
    [['--stack', 'shop', '--unused'], "cannot use '--stack' and '--unused' together\n  Each is a question"],
    [['shop/api', '--stack', 'shop'], "cannot use '--stack' and 'shop/api' together\n"],
    [['shop/api', '--account', '111122223333'], "'--account' says whose stack '--stack' names"],
    [['--stack', STACK_ARN, '--account', '111122223333'], "cannot use '--account' with the ARN of a stack\n"],
    [['--stack', 'shop_1'], "'--stack' must be a stack's name or its ARN, not 'shop_1'\n"],
    [['--stack', `${STACK_ARN}/x`], "'--stack' must be a stack's name or its ARN, not 'arn:"],
    [['--stack', 'shop', '--account', '1'], "'--account' must be an account's twelve digits, not '1'\n"],
    [['--unused', 'shop/api:3'], "'shop/api:3' is not how IDs begin, which is what '--unused' takes\n"],
    [['a', 'b'], "too many words for 'references': 1 expected, 2 given\n"],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr, options } = await call(['references', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${message}`);
    expect(options).toEqual({});
  });
});
