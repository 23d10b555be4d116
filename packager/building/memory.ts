import { CacheFiles } from '../archive/cache-files.ts';
import { sha256 } from '../../repository/digest.ts';
import type { Warning } from '../event.ts';
import type { BuiltFile } from './bundler.ts';
import type { Survey } from './survey.ts';

/** What an earlier run built, and what it read for that. */
export interface Remembered {
  readonly survey: Survey;
  readonly files: readonly BuiltFile[];
  readonly warnings: readonly Warning[];
}

interface Header extends Omit<Remembered, 'files'> {
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/** Raised when what is kept is written or meant otherwise. */
const FORMAT = 4;

/** Builds of earlier runs, in files that may be lost, damaged, or shared by several processes. */
export class BuildMemory {
  readonly #files: CacheFiles;
  readonly #isKept: boolean;

  /**
   * @param folder `undefined`: nothing is remembered
   * @param isKept whether what is new is remembered too
   */
  constructor(folder: string | undefined, isKept: boolean) {
    this.#files = new CacheFiles(folder);
    this.#isKept = isKept && folder !== undefined;
  }

  recall(key: string): Remembered | undefined {
    const bytes = this.#files.read('builds', nameOf(key));
    if (bytes === undefined) return undefined;
    const end = bytes.indexOf('\n');
    const { files, ...others } = JSON.parse(bytes.subarray(0, end).toString()) as Header;
    let start = end + 1;
    return {
      ...others,
      files: files.map(({ name, size }) => ({ name, bytes: bytes.subarray(start, (start += size)) })),
    };
  }

  /** @param make is not asked where nothing is kept; `undefined` of it: nobody knows what was built */
  remember(key: string, make: () => Remembered | undefined): void {
    const remembered = this.#isKept ? make() : undefined;
    if (remembered === undefined) return;
    const { files, ...others } = remembered;
    const header: Header = { ...others, files: files.map(({ name, bytes }) => ({ name, size: bytes.byteLength })) };
    const content = Buffer.concat(files.map(({ bytes }) => bytes));
    this.#files.write('builds', nameOf(key), [Buffer.from(`${JSON.stringify(header)}\n`), content]);
  }
}

function nameOf(key: string): string {
  return sha256(JSON.stringify([FORMAT, key]));
}
