import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Buildable } from '../../../packager/building/build-need.ts';
import { needOf } from '../../../packager/building/build-need.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const FUNCTION: Buildable = { kind: 'function', logicalId: 'Fn', layers: false };

describe('needOf() a function', () => {
  test.each<[string, Partial<Buildable>, Readonly<Record<string, string>>, string]>([
    ['python without a list of dependencies', { runtime: 'python3.13' }, { 'app.py': '' }, 'none'],
    ['python', { runtime: 'python3.13' }, { 'requirements.txt': 'requests==2 # http\n' }, 'dependencies'],
    [
      'python that needs what the runtime has',
      { runtime: 'python3.13' },
      { 'requirements.txt': '# x\nboto3>=1\n\n' },
      'none',
    ],
    [
      'python that needs what is called like that',
      { runtime: 'python3.13' },
      { 'requirements.txt': 'boto3-stubs' },
      'dependencies',
    ],
    [
      'python with its dependencies beside it',
      { runtime: 'python3.13' },
      { 'requirements.txt': 'requests', 'requests-2.dist-info/METADATA': '' },
      'none',
    ],
    ['python with a layer', { runtime: 'python3.13', layers: true }, { 'requirements.txt': 'requests' }, 'perhaps'],
    ['python with a layer that lacks nothing', { runtime: 'python3.13', layers: true }, { 'app.py': '' }, 'none'],
    [
      'node with a layer',
      { runtime: 'nodejs22.x', layers: true },
      { 'package.json': '{"dependencies": {"left-pad": "1"}}' },
      'perhaps',
    ],
    ['ruby with a layer', { runtime: 'ruby3.4', layers: true }, { Gemfile: "gem 'nokogiri'\n" }, 'perhaps'],
    ['java with a layer', { runtime: 'java21', layers: true }, { 'pom.xml': '' }, 'build'],
    ['python by its method', { method: 'python-uv' }, { 'requirements.txt': 'requests' }, 'dependencies'],
    ['node', { runtime: 'nodejs22.x' }, { 'package.json': '{"dependencies": {"left-pad": "1"}}' }, 'dependencies'],
    [
      'node for development',
      { runtime: 'nodejs22.x' },
      { 'package.json': '{"devDependencies": {"jest": "1"}}' },
      'none',
    ],
    [
      'node with the SDK',
      { runtime: 'nodejs22.x' },
      { 'package.json': '{"dependencies": {"@aws-sdk/client-s3": "3"}}' },
      'none',
    ],
    [
      'node that is installed',
      { runtime: 'nodejs22.x' },
      { 'package.json': '{"dependencies": {"left-pad": "1"}}', 'node_modules/left-pad/index.js': '' },
      'none',
    ],
    ['node with a mistake', { runtime: 'nodejs22.x' }, { 'package.json': '{' }, 'none'],
    ['ruby', { runtime: 'ruby3.4' }, { Gemfile: "source 'x'\ngem 'nokogiri'\n" }, 'dependencies'],
    ['ruby without gems', { runtime: 'ruby3.4' }, { Gemfile: "source 'x'\n" }, 'none'],
    ['java', { runtime: 'java21' }, { 'pom.xml': '', 'src/main/java/A.java': '' }, 'build'],
    ['java with gradle', { runtime: 'java21' }, { 'build.gradle.kts': '' }, 'build'],
    ['java classes', { runtime: 'java21' }, { 'com/shop/A.class': '', 'lib/x.jar': '' }, 'none'],
    ['java that says nothing', { runtime: 'java21' }, { 'com/shop/A.class': '' }, 'none'],
    ['dotnet', { runtime: 'dotnet8' }, { 'Shop.csproj': '' }, 'build'],
    ['dotnet that is published', { runtime: 'dotnet8' }, { 'Shop.csproj': '', 'Shop.dll': '' }, 'none'],
    ['go', { method: 'go1.x', runtime: 'provided.al2023' }, { 'main.go': '' }, 'build'],
    ['go that is compiled', { method: 'go1.x', runtime: 'provided.al2023' }, { bootstrap: '' }, 'none'],
    ['old go', { runtime: 'go1.x', handler: 'main' }, { 'go.mod': '', 'main.go': '' }, 'build'],
    ['old go that is compiled', { runtime: 'go1.x', handler: 'main' }, { 'go.mod': '', main: '' }, 'none'],
    ['rust', { method: 'rust-cargolambda', runtime: 'provided.al2023' }, { 'Cargo.toml': '' }, 'build'],
    ['a makefile', { method: 'makefile', runtime: 'python3.13' }, { 'app.py': '' }, 'build'],
    [
      'a makefile whose program is there',
      { method: 'makefile', runtime: 'provided.al2023' },
      { bootstrap: '' },
      'none',
    ],
    ['a runtime of a layer', { runtime: 'provided.al2023' }, { 'index.php': '' }, 'none'],
    ['a runtime of its own', { runtime: 'provided.al2023' }, { 'go.mod': '' }, 'build'],
    ['a runtime of its own and a layer', { runtime: 'provided.al2023', layers: true }, { 'go.mod': '' }, 'perhaps'],
    ['a runtime of its own by make', { runtime: 'provided.al2' }, { Makefile: 'build-Fn:\n\tcp x y\n' }, 'build'],
    [
      'a runtime of its own, and the make of another',
      { runtime: 'provided.al2' },
      { Makefile: 'build-Other:\n' },
      'none',
    ],
    ['a runtime that only the deploy knows', {}, { 'pom.xml': '' }, 'none'],
    ['a runtime that nobody knows', { runtime: 'cobol1' }, { 'pom.xml': '' }, 'none'],
    ['an empty folder', { method: 'makefile' }, {}, 'none'],
  ])('that is %s', async (_what, buildable, files, expected) => {
    expect(needOf({ ...FUNCTION, ...buildable }, await folderOf(files)).kind).toBe(expected);
  });

  test('that is not there', async () => {
    expect(needOf({ ...FUNCTION, method: 'makefile' }, path.join(await temporaryFolder(), 'absent')).kind).toBe('none');
  });
});

test.each<[string, Partial<Buildable>, Readonly<Record<string, string>>, string]>([
  ['is as it is without a method', {}, { 'requirements.txt': 'requests' }, 'none'],
  ['is built', { method: 'python3.13' }, { 'requirements.txt': 'requests' }, 'build'],
  ['has what a build would make', { method: 'nodejs22.x' }, { 'nodejs/node_modules/x/index.js': '' }, 'none'],
  ['is made', { method: 'makefile' }, { 'python/x.py': '' }, 'build'],
])('needOf() a layer that %s', async (_what, buildable, files, expected) => {
  expect(needOf({ ...FUNCTION, ...buildable, kind: 'layer' }, await folderOf(files)).kind).toBe(expected);
});
