import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createArchiver, openSource } from '../../../packager/archive/source.ts';
import type { Source } from '../../../packager/archive/source.ts';
import { outputFile, writeOutputs } from '../../../packager/output.ts';
import { directoryStore } from '../../../repository/stores/directory.ts';
import { testDomain } from '../../support/domain.ts';
import { Folder } from './folder.ts';

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  folder.remove();
});

/** The folder `code`, packaged by a run that writes these. */
async function packaged(leaveOut: readonly string[], wanted = 'code'): Promise<Source & { names: string[] }> {
  const archiver = createArchiver({ reporter: () => undefined, scratch: folder.at('scratch'), threads: 0 });
  const names: string[] = [];
  try {
    const project = { root: folder.path, exclude: [], followExternalSymlinks: false, leaveOut };
    const source = await openSource({ path: folder.at(wanted), wanted: 'zip' }, project, {
      memory: archiver.memory,
      archive: (files, subject) => archiver.archive(files, subject),
      walk: (options, sight) => archiver.walk(options, sight),
      close: () => archiver.close(),
      measure: (files, subject) => {
        names.push(...files.map(({ path }) => path.slice(folder.at('code').length + 1)));
        return archiver.measure(files, subject);
      },
    });
    return Object.assign(source, { names });
  } finally {
    await archiver.close();
  }
}

async function makeDomain(name: string): Promise<void> {
  await testDomain(directoryStore(folder.at(name)));
}

describe('what the run writes', () => {
  test('is in no archive, and that is said once for each', async () => {
    folder.plant('code', { 'a.js': '', 'out.yaml': '', 'build/manifest.json': '', 'artifacts/blobs/x': '' });
    const { names, warnings } = await packaged([
      ...[folder.at('code/out.yaml'), folder.at('code/build/manifest.json'), folder.at('code/artifacts')],
    ]);
    expect(names).toEqual(['a.js']);
    expect(warnings).toEqual([
      {
        code: 'own-output-left-out',
        message: `the archive of '${folder.at('code')}' is made without what this program writes there: 'artifacts', 'build/manifest.json', 'out.yaml'`,
        remedy: expect.stringContaining('.artifactignore'),
      },
    ]);
  });

  test('is not missed where it is not there yet, or is left out by rules', async () => {
    folder.plant('code', { 'a.js': '', '.artifactignore': '/artifacts/\n', 'artifacts/x': '' });
    const { names, warnings } = await packaged([folder.at('code/artifacts'), folder.at('code/no/such/out.yaml')]);
    expect({ names, warnings }).toEqual({ names: ['a.js'], warnings: [] });
  });

  test('gives the archive that there is without it', async () => {
    folder.plant('code', { 'a.js': 'a', 'b/c.js': 'c' });
    const leaveOut = [folder.at('code/out.yaml'), folder.at('code/b/artifacts')];
    const before = await packaged(leaveOut);
    folder.plant('code', { 'out.yaml': 'x', 'b/artifacts/y': 'y' });
    expect((await packaged(leaveOut)).sourceDigest).toBe(before.sourceDigest);
    expect((await packaged([])).sourceDigest).not.toBe(before.sourceDigest);
  });

  test('is known by its real path, through links of folders and of its own', async () => {
    folder.plant('.', { 'elsewhere/real.yaml': 'x', 'elsewhere/domain/y': 'y' });
    folder.plant('code', {
      'a.js': '',
      'out.yaml': { link: '../elsewhere/real.yaml' },
      'dangling.yaml': { link: '../elsewhere/absent.yaml' },
      linked: { link: '../elsewhere/domain' },
      same: { link: '../elsewhere' },
    });
    folder.plant('.', { way: { link: 'code' } });
    const { names } = await packaged([
      ...[folder.at('way/out.yaml'), folder.at('way/dangling.yaml'), folder.at('way/linked')],
    ]);
    expect(names).toEqual(['a.js']);
  });

  test('has a draft beside it while it is written, which is in no archive either', async () => {
    folder.plant('code', { 'a.js': '', '.other.yaml.1.draft': '' });
    const output = outputFile('--output-template-file', folder.at('code/out.yaml'), folder.path);
    let written: (() => void) | undefined;
    const bytes = (async function* () {
      yield Buffer.from('half');
      await new Promise<void>((resolve) => (written = resolve));
    })();
    const writing = writeOutputs([{ file: output, bytes }]);
    while (written === undefined) await setTimeout(1);
    const during = await packaged([output.file]);
    written();
    await writing;
    expect(during.names).toEqual(['.other.yaml.1.draft', 'a.js']);
    expect(during.warnings).toMatchObject([{ code: 'own-output-left-out' }]);
  });

  test.each([
    ['its own folder', 'code', 'code'],
    ['a link to it', 'way', 'code'],
  ])('cannot be packaged itself: %s', async (_, wanted, own) => {
    folder.plant('code', { x: '' });
    folder.plant('.', { way: { link: 'code' } });
    await expect(packaged([folder.at(own)], wanted)).rejects.toMatchObject({
      code: 'PATH_OF_WRONG_KIND',
      message: `'${folder.at(wanted)}' is the folder of a domain`,
    });
  });
});

describe("another run's domain in a directory", () => {
  test('is in no archive, wherever it is', async () => {
    folder.plant('code', { 'a.js': '' });
    await makeDomain('code/old/domain');
    await makeDomain('elsewhere');
    folder.plant('code', { linked: { link: '../elsewhere' } });
    const { names, warnings } = await packaged([]);
    expect(names).toEqual(['a.js']);
    expect(warnings).toMatchObject([
      { message: expect.stringMatching(/ what this program writes there: 'linked', 'old\/domain'$/) },
    ]);
  });

  test('cannot be packaged', async () => {
    await makeDomain('code');
    await expect(packaged([])).rejects.toMatchObject({ code: 'PATH_OF_WRONG_KIND' });
  });

  test.each(['', 'null', '[]', '{"format": 1}', '{"format": "1", "account": "1", "region": "r", "bucket": "b"}'])(
    'is no folder that has a file of that name: %s',
    async (text) => {
      folder.plant('code', { 'a.js': '', 'b/domain@1': text, 'b/c': '' });
      const { names, warnings } = await packaged([]);
      expect({ names, warnings }).toEqual({ names: ['a.js', 'b/c', 'b/domain@1'], warnings: [] });
    },
  );
});
