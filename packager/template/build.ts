/** What the bundler is told. Names are those of esbuild's own options. */
export type BuildOptions = Readonly<Record<string, BuildOption>>;

type BuildOption = boolean | number | string | readonly string[] | Readonly<Record<string, string>>;

/** One module that is bundled with all that it needs. */
export interface Entry {
  /** Path below the folder of the code, with `/`; its suffix may be left out. */
  readonly in: string;
  /** Path of what it becomes, below the root of the artifact, without suffix. */
  readonly out: string;
}

/** What a function wants to be made of the folder that its template names. */
export interface Build {
  readonly kind: 'esbuild';
  readonly entries: readonly Entry[];
  readonly options: BuildOptions;
}

/** The same for builds that give the same of the same folder, on every machine. */
export function keyOf({ kind, entries, options }: Build): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([kind, entries.map((entry) => [entry.in, entry.out]), sorted]);
}

/** Where what is built stands for people and in IDs: the module itself where it is one, else the folder. */
export function builtLocation(folder: string, { entries }: Build): string {
  const [only, ...others] = entries;
  if (only === undefined || others.length > 0) return folder;
  const module = withoutSuffix(only.in);
  return folder === '' ? module : `${folder}/${module}`;
}

/** `src/app.ts` → `src/app` */
export function withoutSuffix(file: string): string {
  return file.replace(/(?<=[^/])\.[^./]+$/, '');
}
