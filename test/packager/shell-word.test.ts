import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quoteForShell } from '../../packager/shell-word.ts';

describe('quoteForShell()', () => {
  test('makes one word of anything', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: fc.constantFrom(...Array.from(' \'"$`\\;&|<>*?()[]{}!#~=%\n\tabé/.-')) }),
        (word) => {
          const printed = execFileSync('sh', ['-c', `printf %s ${quoteForShell(word, 'linux')}`]);
          expect(printed.toString()).toBe(word);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('leaves plain paths plain', () => {
    expect(quoteForShell('/a/b-c_d.yaml', 'linux')).toBe('/a/b-c_d.yaml');
    expect(quoteForShell('C:\\a\\b.yaml', 'win32')).toBe('C:\\a\\b.yaml');
    expect(quoteForShell('C:\\a b.yaml', 'win32')).toBe('"C:\\a b.yaml"');
  });
});
