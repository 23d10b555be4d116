import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import type { BriefChanges } from './changes.ts';
import { changesOf } from './changes.ts';
import { written } from './written.ts';

/** To add a case, add NAME.in.yaml and NAME.changes.json and run with UPDATE_GOLDEN=1; look at what comes out. */
const FOLDER = path.resolve(import.meta.dirname, '../../golden/rewrite');
const inputs = readdirSync(FOLDER).filter((name) => name.includes('.in.'));

describe('golden rewrites', () => {
  test.each(inputs)('%s', (name) => {
    const [base = '', extension = ''] = name.split('.in.');
    const source = readFileSync(path.join(FOLDER, name), 'utf8');
    const changes = JSON.parse(readFileSync(path.join(FOLDER, `${base}.changes.json`), 'utf8')) as BriefChanges;
    const template = parseTemplate(source, name, { kind: 'fragment' });
    const output = written(template, changesOf(changes));

    const expected = path.join(FOLDER, `${base}.out.${extension}`);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(expected, output);
    expect(output).toBe(readFileSync(expected, 'utf8'));
    expect(() => parseTemplate(output, name, { kind: 'fragment' })).not.toThrow();
  });

  test('every pair is complete', () => {
    const bases = inputs.map((name) => name.split('.in.'));
    for (const [base = '', extension = ''] of bases) {
      expect(existsSync(path.join(FOLDER, `${base}.out.${extension}`))).toBe(true);
    }
    expect(readdirSync(FOLDER)).toHaveLength(bases.length * 3);
  });
});
