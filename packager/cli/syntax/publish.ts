import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArtifactError, ArtifactErrors } from '../../../repository/error.ts';
import { parseId, parseSegment } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import type { AssetPath } from '../../publish-paths.ts';
import type { CommandSpec } from './command.ts';
import type { DisplayOptions, DomainOptions, MakingOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN, MAKING } from './common.ts';
import type { Metadata } from './metadata.ts';
import { parseMetadata } from './metadata.ts';
import type { Conflict, OptionTable, ReadContext } from './option.ts';
import { flag, GROUP, named, optionsOf, text, texts } from './option.ts';
import { PACKAGE } from './package-flags.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

export interface PublishOptions extends AccessOptions, DisplayOptions, DomainOptions, MakingOptions {
  readonly assets: readonly [AssetPath, ...AssetPath[]];
  readonly id: string;
  /** Absent: a folder becomes an archive, a file is taken as it is. */
  readonly as?: 'zip' | 'file';
  readonly exclude: readonly string[];
  readonly labels: readonly string[];
  /** The version is one of several candidates for this label, and unfinished. */
  readonly set?: { readonly label: string; readonly name: string };
  readonly metadata?: Metadata;
}

/** `--zip` and `--file` are two switches of one answer. */
export interface PublishFlags extends AccessOptions, DisplayOptions, DomainOptions, MakingOptions {
  readonly id: string;
  readonly asset: readonly AssetPath[];
  readonly label: readonly string[];
  readonly unfinished: boolean;
  readonly set?: string;
  readonly metadata?: Metadata;
  readonly zip: boolean;
  readonly file: boolean;
  readonly exclude: readonly string[];
}

const PUBLISH: OptionTable<PublishFlags> = {
  id: {
    name: 'id',
    argument: '<id>',
    group: GROUP.publication,
    help: "the artifact's ID in its repository, like shop/api",
    read: named(parseId, 'shop/api'),
    mandatory: true,
  },
  label: {
    name: 'label',
    argument: '<label>',
    arity: 'repeatable',
    group: GROUP.publication,
    help: 'a name of this very version for ever, like 1.4.0 or a commit; may be repeated',
    read: (given) => texts(given).map((one) => parseSegment('label', one)),
    fallback: [],
  },
  asset: {
    name: 'asset',
    argument: '<name=path>',
    arity: 'repeatable',
    group: GROUP.publication,
    help: 'one of several files or folders that make up the version, under a name of its own (default: as the file is called); may be repeated',
    read: (given, { cwd }) => texts(given).map((one) => parseAsset(one, cwd)),
    fallback: [],
  },
  unfinished: {
    name: 'unfinished',
    group: GROUP.publication,
    help: "one of several candidates for its --label, named by --set, until 'finish' chooses one of them",
    read: flag,
    fallback: false,
  },
  set: {
    name: 'set',
    argument: '<name>',
    group: GROUP.publication,
    help: 'what this candidate is called, like build-24; with --unfinished',
    read: (given) => parseSegment('set', text(given)),
  },
  metadata: {
    name: 'metadata',
    argument: '<key=value>',
    arity: 'repeatable',
    group: GROUP.publication,
    help: 'what is told of the version: KEY=VALUE,KEY2=VALUE2, JSON or file://PATH; may be repeated',
    read: (given, { cwd }) => parseMetadata(given, cwd),
  },
  zip: {
    name: 'zip',
    group: GROUP.publication,
    help: 'archive a file too (a folder always is; an archive is taken as it is)',
    read: flag,
    fallback: false,
  },
  file: {
    name: 'file',
    group: GROUP.publication,
    help: 'take a file as it is, and nothing but a file',
    read: flag,
    fallback: false,
  },
  exclude: { ...PACKAGE.exclude, group: GROUP.publication },
  ...DOMAIN,
  ...MAKING,
  ...ACCESS,
  ...DISPLAY,
};

const CONFLICTS: readonly Conflict<PublishFlags>[] = [
  { options: ['zip', 'file'], remedy: 'Without either a folder becomes an archive and a file is taken as it is.' },
];

/** `NAME=PATH`; a path with a `=` in it begins with `./` or `/`, or has a slash before that and is there. @throws ArtifactError INVALID_NAME */
function parseAsset(given: string, cwd: string): AssetPath {
  const [, name, path] = /^([^=]*)=(.+)$/s.exec(given) ?? [];
  if (name === undefined || path === undefined || /^\.?\//.test(name)) return { path: given };
  if (/[/\\]/.test(name) && existsSync(resolve(cwd, given))) return { path: given };
  return { name: parseSegment('asset name', name), path };
}

/** @throws ArtifactErrors INVALID_ARGUMENT, INVALID_NAME */
async function resolvePublishOptions(
  given: GivenValues,
  path: string | undefined,
  context: ReadContext,
): Promise<PublishOptions> {
  const flags = await resolveOptions(PUBLISH, given, CONFLICTS, context);
  const { zip, file, asset, label: labels, unfinished, set, ...options } = flags;
  const as = zip ? ('zip' as const) : file ? ('file' as const) : undefined;
  const [first, ...rest] = [...(path === undefined ? [] : [{ path }]), ...asset];
  const problems = [...(first === undefined ? [nothing()] : []), ...problemsOfSet(unfinished, set, labels)];
  const [problem, ...more] = problems;
  if (first === undefined || problem !== undefined) throw new ArtifactErrors([problem ?? nothing(), ...more]);
  const [label] = labels;
  return {
    ...options,
    assets: [first, ...rest],
    ...(set !== undefined && label !== undefined ? { labels: [], set: { label, name: set } } : { labels }),
    ...(as !== undefined && { as }),
  };
}

function nothing(): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', 'nothing is given to publish', {
    remedy: 'Name a file or a folder, or several with --asset NAME=PATH.',
  });
}

function problemsOfSet(
  unfinished: boolean,
  set: string | undefined,
  labels: readonly string[],
): readonly ArtifactError[] {
  if (!unfinished && set === undefined) return [];
  const remedy = 'A candidate is published with --unfinished --label 1.0.0 --set build-24.';
  const problems: string[] = [];
  // What stands behind it tells the candidates of one label from each other.
  for (const label of labels.filter((one) => one.includes('+')))
    problems.push(`the label '${label}' of a candidate has a '+' in it, behind which the candidate's own name stands`);
  if (!unfinished) problems.push("'--set' is for candidates, and '--unfinished' is missing");
  if (set === undefined) problems.push("'--unfinished' needs '--set', which tells the candidate from the others");
  if (labels.length !== 1) {
    problems.push(`a candidate has one '--label', which it may get for ever, not ${labels.length}`);
  }
  return problems.map((message) => new ArtifactError('INVALID_ARGUMENT', message, { remedy }));
}

export const PUBLISH_COMMAND: CommandSpec<PublishOptions> = {
  summary: 'publish files and folders as one version and print its ARN',
  description:
    'Publishes a file or a folder, or several, as the next version of an artifact and prints its ARN. Content that the artifact has already is the version that it already is. A label is a name of this very version for ever. Of what is still to be tested, several candidates may be published for one label, of which one is finished later.',
  examples: [
    { what: 'a folder, as an archive', command: 'cfn-artifacts publish ./dist --id shop/api' },
    { what: 'a file as it is', command: 'cfn-artifacts publish model.tar.gz --id shop/model' },
    {
      what: 'for a script',
      command: 'arn=$(cfn-artifacts publish ./dist --id shop/api --exclude "*.map")',
    },
    {
      what: 'several files as one version, with a label',
      command: 'cfn-artifacts publish --id shop/tool --label 1.4.0 --asset linux=out/tool --asset mac=out/tool-mac',
    },
    {
      what: 'a candidate for 1.0.0',
      command: 'cfn-artifacts publish dist/app.whl --id app --unfinished --label 1.0.0 --set build-24',
    },
  ],
  positional: [{ name: 'path', help: 'file or folder; several with --asset', required: false }],
  options: optionsOf<PublishFlags>(PUBLISH),
  foreign: [],
  read: (line) => resolvePublishOptions(line.given, line.positional[0], line),
};
