import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** What people read: links lead somewhere, and limits are those of the code. */

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

const textOf = (page: string): string => readFileSync(path.join(ROOT, page), 'utf8');

describe.each(PAGES)('%s', (page) => {
  test('links to what is there', () => {
    const prose = textOf(page)
      .replaceAll(/^```.*?^```$/gms, '')
      .replaceAll(/`[^`\n]*`(?!\])/g, '');
    const links = [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
    const lost = links.flatMap(([link, file = '', anchor]) => {
      const target = file === '' ? path.join(ROOT, page) : path.resolve(ROOT, path.dirname(page), file);
      if (!existsSync(target)) return [link];
      const isFound = anchor === undefined || (statSync(target).isFile() && anchorsOf(target).includes(anchor));
      return isFound ? [] : [link];
    });
    expect(lost).toEqual([]);
  });
});

describe('an installed package', () => {
  const { files } = JSON.parse(textOf('package.json')) as { readonly files: readonly string[] };
  const isShipped = (file: string): boolean => files.some((one) => file === one || file.startsWith(`${one}/`));

  test('has what the README links to', () => {
    const links = [...textOf('README.md').matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, file = '']) => file);
    expect(links.length).toBeGreaterThan(10);
    // That one is for who has the sources.
    const forUsers = links.filter((file) => file !== 'CONTRIBUTING.md');
    expect(forUsers.filter((file) => !isShipped(path.normalize(file)))).toEqual([]);
  });

  test('has the pages that its messages name', () => {
    const sources = ['packager', 'repository', 'handler', 'cdk'].flatMap((room) =>
      readdirSync(path.join(ROOT, room), { recursive: true, encoding: 'utf8' }).map((file) => path.join(room, file)),
    );
    const named = sources
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => textOf(file).match(/\bdocs\/[\w-]+\.md\b/g) ?? []);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((page) => !isShipped(page) || !existsSync(path.join(ROOT, page)))).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(file: string): readonly string[] {
  const headings = readFileSync(file, 'utf8').match(/(?<=^#+ ).*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

describe('docs/limits.md', () => {
  const rows = textOf('docs/limits.md').matchAll(
    /^\| [^|]+ \| (?<number>[\d,]+)(?: (?<unit>\w+))? \| `(?<name>\w+)` in \[[^\]]+\]\((?<file>[^)]+)\)/gm,
  );
  const limits = [...rows].map(({ groups: { number = '', unit = '', name = '', file = '' } = {} }) => {
    return { name, file, limit: Number(number.replaceAll(',', '')) * (UNITS[unit] ?? 1) };
  });

  test('has limits', () => {
    expect(limits.length).toBeGreaterThan(20);
  });

  test.each(limits)('$name of $file is $limit', ({ name, file, limit }) => {
    expect(constantIn(path.resolve(ROOT, 'docs', file), name)).toBe(limit);
  });
});

/** A number as the source has it: a product of numbers, powers, and other constants of the file. */
function constantIn(file: string, name: string): number {
  const text = readFileSync(file, 'utf8');
  const written = new RegExp(`^(?:export )?const ${name}(?:: number)? = (?<value>[^;]+);`, 'm').exec(text);
  const factors = written?.groups?.['value']?.split(/(?<!\*) \* (?!\*)/) ?? ['none'];
  return factors.reduce((product, factor) => product * factorIn(file, factor), 1);
}

function factorIn(file: string, factor: string): number {
  const [base = '', power = '1'] = factor.split(' ** ');
  const value = /^[A-Z_]+$/.test(base) ? constantIn(file, base) : Number(base.replaceAll('_', ''));
  return value ** Number(power);
}
