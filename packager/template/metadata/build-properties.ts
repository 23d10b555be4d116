/**
 * What SAM takes under BuildProperties: every option of esbuild's command line, in Pascal case, and some of its own. A switch is written `--name`, a text
 * `--name=text`, a list `--name:item` for each item.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build-typescript.html
 * https://esbuild.github.io/api/
 */
export type PropertyKind =
  /** `true` or `false`. */
  | 'switch'
  | 'text'
  | 'number'
  /** A list of texts. */
  | 'list'
  /** A list of texts, or one text with commas. */
  | 'commas'
  /** A list of `name=text`. */
  | 'pairs'
  /** A regular expression. */
  | 'pattern'
  /** One of these. */
  | readonly string[]
  /** A switch, or one of these. */
  | { readonly switchOr: readonly string[] }
  /** SAM always sets it itself. */
  | 'fixed'
  /** What comes out is the same, whatever it says. */
  | 'idle';

export const PROPERTIES: Readonly<Record<string, PropertyKind>> = {
  Alias: 'pairs',
  AssetNames: 'text',
  Banner: 'pairs',
  Charset: ['ascii', 'utf8'],
  ChunkNames: 'text',
  Conditions: 'commas',
  Define: 'pairs',
  Drop: 'list',
  DropLabels: 'commas',
  EntryNames: 'text',
  EntryPoints: 'list',
  External: 'list',
  Footer: 'pairs',
  Format: ['cjs', 'esm', 'iife'],
  GlobalName: 'text',
  IgnoreAnnotations: 'switch',
  Inject: 'list',
  Jsx: ['transform', 'preserve', 'automatic'],
  JsxDev: 'switch',
  JsxFactory: 'text',
  JsxFragment: 'text',
  JsxImportSource: 'text',
  JsxSideEffects: 'switch',
  KeepNames: 'switch',
  LegalComments: ['none', 'inline', 'eof', 'linked', 'external'],
  LineLimit: 'number',
  Loader: 'pairs',
  LogOverride: 'pairs',
  MainFields: 'commas',
  MangleProps: 'pattern',
  MangleQuoted: 'switch',
  Minify: 'switch',
  MinifyIdentifiers: 'switch',
  MinifySyntax: 'switch',
  MinifyWhitespace: 'switch',
  Outbase: 'text',
  OutExtension: 'pairs',
  Packages: ['bundle', 'external'],
  PreserveSymlinks: 'switch',
  PublicPath: 'text',
  Pure: 'list',
  ReserveProps: 'pattern',
  ResolveExtensions: 'commas',
  SourceRoot: 'text',
  Sourcemap: { switchOr: ['linked', 'inline', 'external', 'both'] },
  SourcesContent: 'switch',
  Splitting: 'switch',
  Supported: 'pairs',
  Target: 'commas',
  TreeShaking: 'switch',
  Tsconfig: 'text',
  TsconfigRaw: 'text',

  Bundle: 'fixed',
  Outdir: 'fixed',
  Platform: 'fixed',

  AllowOverwrite: 'idle',
  Analyze: 'idle',
  Color: 'idle',
  LogLevel: 'idle',
  LogLimit: 'idle',
  LogStyle: 'idle',
  Metafile: 'idle',
  // Nothing is installed.
  UseNpmCi: 'idle',
};

const NAMES = new Map(Object.keys(PROPERTIES).map((name) => [snake(name), name]));

/** The property that a key means: SAM takes `MainFields`, `main_fields` and `main-fields` for one. */
export function propertyNamed(key: string): string | undefined {
  return NAMES.get(snake(key));
}

/** As SAM does it: a capital letter begins a word. */
function snake(key: string): string {
  return key
    .replaceAll(/(?<!^)(?=[A-Z])/g, '_')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** What esbuild's own interface calls it: `MainFields` → `mainFields`. */
export function optionNamed(property: string): string {
  return property.charAt(0).toLowerCase() + property.slice(1);
}
