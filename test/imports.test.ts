import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const ROOT = path.join(import.meta.dirname, '..');
const ROOMS = ['packager', 'repository', 'handler', 'cdk'];

/** What each file of ours takes from others of ours: types, and what is loaded later, included. */
function importsOf(rooms: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const files = rooms.flatMap((room) =>
    readdirSync(path.join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => path.posix.join(room, name.replaceAll(path.sep, '/'))),
  );
  return new Map(files.map((file) => [file, importedBy(file, readFileSync(path.join(ROOT, file), 'utf8'))]));
}

function importedBy(file: string, text: string): readonly string[] {
  return ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => path.posix.join(path.posix.dirname(file), name));
}

/** The way from a file back to itself, for every one that has such a way: the shortest. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...imports.keys()].flatMap((file) => {
    const before = new Map<string, string>();
    const waiting = [file];
    for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
      for (const next of imports.get(at) ?? []) {
        if (next === file) return [[...wayTo(at, before), file].join(' → ')];
        if (before.has(next)) continue;
        before.set(next, at);
        waiting.push(next);
      }
    }
    return [];
  });
}

function wayTo(file: string, before: ReadonlyMap<string, string>): readonly string[] {
  const from = before.get(file);
  return from === undefined ? [file] : [...wayTo(from, before), file];
}

describe('imports', () => {
  test('go one way: no file needs itself, not even for a type', () => {
    const imports = importsOf(ROOMS);
    expect(imports.size).toBeGreaterThan(400);
    expect(circlesIn(imports)).toEqual([]);
  });

  test('are all seen, and a circle is told with its way', () => {
    const text = `import { b } from './b.ts';\nimport type { C } from '../c.ts';\nexport * from './d.ts';\nawait import('./e.ts');\nimport fs from 'node:fs';\n`;
    expect(importedBy('x/a.ts', text)).toEqual(['x/b.ts', 'c.ts', 'x/d.ts', 'x/e.ts']);
    const imports = new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', []],
    ]);
    expect(circlesIn(imports)).toEqual(['a → b → c → a', 'b → c → a → b', 'c → a → b → c']);
  });
});
