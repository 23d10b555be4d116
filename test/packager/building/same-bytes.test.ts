import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Files } from '../../support/project.ts';
import { TestProject } from '../../support/project.ts';
import { samTemplate } from './functions.ts';
import { Deployed } from './lambda.ts';

/** A workspace with a shared package that is linked to, and all that writes paths of sources into what is built. */
const WORKSPACE: Files = {
  'services/orders/template.yaml': samTemplate({
    Fn: {
      properties: ['CodeUri: src', 'Handler: deep/app.handler'],
      build: [
        'Minify: false',
        'Sourcemap: true',
        'LegalComments: linked',
        'Loader: [.txt=file]',
        'Inject: [./shim.ts]',
      ],
    },
  }),
  'services/orders/src/deep/app.ts':
    "import { shared } from 'shared'; import file from './a.txt'; import far from 'far';\n/*! a licence */\nexport const handler = async (): Promise<unknown> => [shared, file, far, shim, typeof __filename];\n",
  'services/orders/src/deep/a.txt': 'text',
  'services/orders/src/shim.ts': 'export const shim = 1;',
  'services/orders/src/tsconfig.json': '{ "extends": "../../../tsconfig.json" }',
  'tsconfig.json': '{ "compilerOptions": { "target": "es2022" } }',
  'packages/shared/package.json': '{ "name": "shared", "main": "index.ts" }',
  'packages/shared/index.ts': "export const shared: string = 'shared';",
  'node_modules/far/index.js': "module.exports = 'far';",
};

async function checkout(): Promise<TestProject> {
  const project = await TestProject.of(WORKSPACE);
  symlinkSync('../packages/shared', project.path('node_modules/shared'));
  return project;
}

const TEMPLATE = ['--template-file', 'services/orders/template.yaml'];

describe('the same sources', () => {
  test('give the same bytes in another checkout, from another folder, however it is reached', async () => {
    const project = await checkout();
    const first = await project.package(...TEMPLATE);
    expect(first.exitCode).toBe(0);
    const deployed = new Deployed(project, first, 'Fn');
    expect(deployed.files).toHaveLength(4);
    expect(deployed.call()).toEqual(['shared', expect.stringMatching(/^\.\/a-\w+\.txt$/), 'far', 1, 'string']);

    const other = await checkout();
    const elsewhere = path.join(other.folder, '../much/deeper/down');
    mkdirSync(elsewhere, { recursive: true });
    cpSync(other.folder, path.join(elsewhere, 'shop'), { recursive: true, verbatimSymlinks: true });
    expect(readdirSync(path.join(elsewhere, 'shop'))).toEqual(readdirSync(project.folder));
    renameSync(other.folder, path.join(other.folder, '../moved'));
    symlinkSync('much/deeper/down/shop', other.folder);
    expect((await other.package(...TEMPLATE)).text).toBe(first.text);

    const inside = await checkout();
    inside.write({ 'services/orders/samconfig.toml': 'version = 0.1\n' });
    const there = await inside.run(
      ...[
        'package',
        '--domain',
        'file:../domain',
        '--project-root',
        '.',
        '--config-file',
        'services/orders/samconfig.toml',
      ],
      ...['--template-file', inside.path('services/orders/template.yaml')],
    );
    expect(there.text).toBe(first.text);
  });

  test('have no path of this machine in what is built', async () => {
    const project = await checkout();
    const { data } = await project.package(...TEMPLATE);
    const { folder, files } = new Deployed(project, { data }, 'Fn');
    const { readFileSync } = await import('node:fs');
    const text = files.map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
    expect(text).toContain('../../../packages/shared/index.ts');
    expect(text).not.toContain(path.dirname(project.folder));
  });
});
