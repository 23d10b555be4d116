import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { installedLibrary } from '../support/installed-library.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** As `cdk init` wrote it for years. */
const COMMONJS = { target: 'ES2022', module: 'commonjs', strict: true, ignoreDeprecations: '6.0', types: ['node'] };

const APP = `
import * as cdk from 'aws-cdk-lib/core';
import { ArtifactRef, ArtifactSynthesizer } from 'cfn-artifacts/cdk';

const app = new cdk.App({ outdir: 'cdk.out', defaultStackSynthesizer: new ArtifactSynthesizer() });
const stack = new cdk.Stack(app, 'Shop');
new ArtifactRef(stack, 'Report', { artifact: 'default/tools/report^prod' });
app.synth();
`;

let folder = '';

beforeAll(async () => {
  folder = await installedLibrary();
  for (const name of ['aws-cdk-lib', 'constructs']) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name), 'junction');
  }
  mkdirSync(path.join(folder, 'bin'));
});

function compiled(compilerOptions: object, app = APP): ReturnType<typeof run> {
  writeFileSync(path.join(folder, 'bin/app.ts'), app);
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['bin'] }));
  return run(path.join(ROOT, 'node_modules/typescript/bin/tsc'));
}

function run(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

describe('an app of CommonJS', () => {
  test.each<[string, object]>([
    ['of an older cdk init', COMMONJS],
    ['of today', { target: 'ES2022', module: 'nodenext', strict: true, types: ['node'] }],
  ])('%s is compiled, and synthesizes', (_, options) => {
    expect(compiled(options)).toEqual({ status: 0, output: '' });
    expect(run('bin/app.js')).toMatchObject({ status: 0 });
    expect(existsSync(path.join(folder, 'cdk.out/Shop.template.json'))).toBe(true);
  });

  test('is told of what is not there', () => {
    expect(compiled(COMMONJS, APP.replace('ArtifactRef,', 'ArtifactRefs,')).output).toMatch(
      /has no exported member (?:named )?'ArtifactRefs'/,
    );
  });
});
