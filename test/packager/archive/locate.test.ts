import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ArtifactError } from '../../../repository/error.ts';
import { locate } from '../../../packager/archive/locate.ts';
import { Folder } from './folder.ts';
import { whySkipped } from '../../support/where.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

const options = (root: string): { root: string; followExternalSymlinks: boolean } => ({
  root,
  followExternalSymlinks: false,
});

function failure(wanted: string, root: string = folder.path): string[] {
  try {
    locate(wanted, options(root));
  } catch (error) {
    const { code, message, remedy = '' } = error as ArtifactError;
    return [code, message, remedy];
  }
  return [];
}

describe('a path', () => {
  test('may lead to a file or a folder, through links', () => {
    folder.plant('code', { file: '', 'sub/': '', linked: { link: 'sub' } });
    expect(locate(folder.at('code/file'), options(folder.path)).kind).toBe('file');
    const located = locate(folder.at('code/linked'), options(folder.path));
    expect([located.kind, located.real]).toEqual(['folder', folder.at('code/sub')]);
  });

  test.each([
    ['src/hadnler.js', 'src/handler.js'],
    ['Src/handler.js', 'src'],
    ['srcs', 'src'],
    ['src/nothing/like/this', undefined],
  ])('that does not exist is an error: %s', (wanted, similar) => {
    folder.plant('src', { 'handler.js': '' });
    const remedy = similar === undefined ? 'Create it, or correct the path.' : `Did you mean '${folder.at(similar)}'?`;
    expect(failure(folder.at(wanted))).toEqual([
      'PATH_NOT_FOUND',
      `no file or folder at '${folder.at(wanted)}'`,
      remedy,
    ]);
  });

  test('below a file does not exist', () => {
    folder.plant('src', { file: '' });
    expect(failure(folder.at('src/file/x'))[0]).toBe('PATH_NOT_FOUND');
  });

  test('may itself be outside of the project', () => {
    const project = folder.plant('project', {});
    folder.plant('shared', { file: '' });
    expect(locate(folder.at('shared/file'), options(project)).kind).toBe('file');
  });

  test('through a link out of the project is an error, unless that is wanted', () => {
    const project = folder.plant('project', { out: { link: '../shared' } });
    folder.plant('shared', { file: '' });
    expect(failure(`${project}/out/file`, project).slice(0, 2)).toEqual([
      'PATH_OUTSIDE_PROJECT',
      `'${project}/out/file' is a link to '${folder.at('shared/file')}', which is outside of the project '${project}'`,
    ]);
    const located = locate(`${project}/out`, { root: project, followExternalSymlinks: true });
    expect(located.real).toBe(folder.at('shared'));
  });

  test('may come to the project through a link', () => {
    const project = folder.plant('project', { file: '' });
    folder.plant('links', { here: { link: '../project' } });
    expect(locate(folder.at('links/here/file'), options(project)).real).toBe(`${project}/file`);
  });

  (process.platform === 'linux' ? test : test.skip)(
    `that only looks like what is there is an error that says so${whySkipped(process.platform === 'linux', 'the file system keeps no such names apart')}`,
    () => {
      folder.plant('cafe\u0301', { file: '' });
      expect(failure(folder.at('caf\u00e9/file'))).toEqual([
        ...['PATH_NOT_FOUND', `no file or folder at '${folder.at('caf\u00e9/file')}'`],
        expect.stringMatching(/cafe\u0301' looks the same, and its accents are other characters/),
      ]);
    },
  );

  test('that is a broken link or a loop is an error', () => {
    folder.plant('code', { broken: { link: 'nowhere' }, loop: { link: 'loop' } });
    expect(failure(folder.at('code/broken'))[0]).toBe('PATH_OF_WRONG_KIND');
    expect(failure(folder.at('code/loop'))[0]).toBe('PATH_OF_WRONG_KIND');
  });

  (process.platform === 'win32' ? test.skip : test)(
    `that is a device is an error${whySkipped(process.platform !== 'win32', 'Windows has no /dev')}`,
    () => {
      expect(failure('/dev/null').slice(0, 2)).toEqual([
        'PATH_OF_WRONG_KIND',
        "'/dev/null' is a device, which can't be packaged",
      ]);
    },
  );
});
