import { ArtifactError, hasCode, refuse } from '../../../repository/error.ts';
import { parseId, parseRepository, parseSegment } from '../../../repository/name.ts';
import type { AccessOptions } from '../../aws/access.ts';
import { ARTIFACT } from './arguments.ts';
import type { CommandSpec } from './command.ts';
import type { DisplayOptions, DomainOptions } from './common.ts';
import { ACCESS, DISPLAY, DOMAIN } from './common.ts';
import type { Metadata } from './metadata.ts';
import { parseMetadata } from './metadata.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, invalid, named, optionsOf, text, texts } from './option.ts';
import type { GivenValues } from './resolve.ts';
import { resolveOptions } from './resolve.ts';

/** An asset that is promoted, and what it is called then. */
export interface ChosenName {
  readonly name: string;
  readonly as?: string;
}

/** Where something stands that proves that it may be promoted: `path` is as given. */
export type Evidence = { readonly url: string } | { readonly path: string };

export interface PromoteFlags extends AccessOptions, DisplayOptions, DomainOptions {
  /** Into which repository. */
  readonly to: string;
  readonly asset: readonly ChosenName[];
  readonly set?: string;
  /** What the artifact is called there, and its only label. */
  readonly as?: { readonly id: string; readonly label?: string };
  readonly evidence: readonly Evidence[];
  readonly metadata?: Metadata;
  /** As given: a file that `package --manifest` wrote. */
  readonly fromManifest?: string;
  readonly dryRun: boolean;
}

export interface PromoteOptions extends PromoteFlags {
  /** As given: ARNs, or `[REPOSITORY/]ID…`; empty with `fromManifest` alone. */
  readonly artifacts: readonly string[];
}

const PROMOTE: OptionTable<PromoteFlags> = {
  to: {
    name: 'to',
    argument: '<repository>',
    inFile: 'never',
    group: GROUP.promotion,
    help: 'the repository that it is named in from then on',
    read: named(parseRepository, 'production'),
    mandatory: true,
  },
  asset: {
    name: 'asset',
    argument: '<name[=newname]>',
    arity: 'repeatable',
    group: GROUP.promotion,
    help: 'promote this asset alone, under its name or another (default: all); may be repeated',
    read: (given) => texts(given).map(parseChosen),
    fallback: [],
  },
  set: {
    name: 'set',
    argument: '<name>',
    group: GROUP.promotion,
    help: 'the candidate of the label that ARTIFACT is named with, like build-24',
    read: (given) => parseSegment('set', text(given)),
  },
  as: {
    name: 'as',
    argument: '<id[:label]>',
    group: GROUP.promotion,
    help: 'what it is called there (default: as it is called, with its labels)',
    read: (given) => parseTarget(text(given)),
  },
  evidence: {
    name: 'evidence',
    argument: '<file|url>',
    arity: 'repeatable',
    group: GROUP.promotion,
    help: 'what proves that it may be promoted: a file becomes an asset of what it is promoted to, a URL is recorded; may be repeated',
    read: (given) => texts(given).map(parseEvidence),
    fallback: [],
  },
  metadata: {
    name: 'metadata',
    argument: '<key=value>',
    arity: 'repeatable',
    group: GROUP.promotion,
    help: 'what is recorded with the promotion: KEY=VALUE,KEY2=VALUE2, JSON or file://PATH; may be repeated',
    read: (given, { cwd }) => parseMetadata(given, cwd),
  },
  fromManifest: {
    name: 'from-manifest',
    argument: '<file>',
    inFile: 'never',
    group: GROUP.promotion,
    help: "promote everything that 'package --manifest' wrote into this file, all at once",
    read: text,
  },
  dryRun: {
    name: 'dry-run',
    inFile: 'never',
    group: GROUP.promotion,
    help: 'say what would be promoted; change nothing',
    read: flag,
    fallback: false,
  },
  ...DOMAIN,
  ...ACCESS,
  ...DISPLAY,
};

/** `NAME` or `NAME=NEWNAME`. @throws ArtifactErrors INVALID_NAME */
function parseChosen(given: string): ChosenName {
  const [, name = '', as] = /^([^=]*)(?:=(.*))?$/s.exec(given) ?? [];
  refuse([name, ...(as === undefined ? [] : [as])].flatMap(problemOfName));
  return { name, ...(as !== undefined && { as }) };
}

function problemOfName(name: string): readonly ArtifactError[] {
  try {
    parseSegment('asset name', name);
    return [];
  } catch (error) {
    if (error instanceof ArtifactError && hasCode(error, 'INVALID_NAME')) return [error];
    throw error;
  }
}

/** `ID` or `ID:LABEL`. @throws ArtifactError INVALID_NAME */
function parseTarget(given: string): { readonly id: string; readonly label?: string } {
  const colon = given.indexOf(':');
  if (colon < 0) return { id: parseId(given) };
  return { id: parseId(given.slice(0, colon)), label: parseSegment('label', given.slice(colon + 1)) };
}

/** A URL stands in a record for ever. @throws ArtifactError INVALID_ARGUMENT */
function parseEvidence(given: string): Evidence {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) return { path: given };
  if (!URL.canParse(given)) throw invalid(`'${given}' is no URL`, 'Write it as https://HOST/PATH, or name a file.');
  const url = new URL(given);
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      `the URL of '${url.host}' has credentials in it, and would be recorded with them`,
      'Leave out what stands before the @.',
    );
  }
  return { url: given };
}

/**
 * @param artifacts what stands on the command line beside the options
 * @throws ArtifactErrors INVALID_ARGUMENT, INVALID_NAME
 */
async function resolvePromoteOptions(
  given: GivenValues,
  artifacts: readonly string[],
  cwd: string,
): Promise<PromoteOptions> {
  const options = await resolveOptions(PROMOTE, given, [], { cwd });
  const { fromManifest, as, asset, set } = options;
  const problems: ArtifactError[] = [];
  if (fromManifest === undefined && artifacts.length === 0) {
    problems.push(
      invalid('nothing is given to promote', 'Name an artifact, or what a deploy used with --from-manifest FILE.'),
    );
  }
  if (fromManifest !== undefined) {
    const of = [
      ...artifacts.map((one) => `'${one}'`),
      ...(asset.length > 0 ? ["'--asset'"] : []),
      ...(set === undefined ? [] : ["'--set'"]),
      ...(as === undefined ? [] : ["'--as'"]),
    ];
    if (of.length > 0) {
      problems.push(
        invalid(
          `cannot use ${of.join(', ')} with '--from-manifest'`,
          'It promotes everything that is in the file, as it is called. Promote other things in a call of their own.',
        ),
      );
    }
  }
  if (as !== undefined && artifacts.length > 1) {
    problems.push(
      invalid("cannot use '--as' with several artifacts", 'It names one: promote them one after the other.'),
    );
  }
  refuse(problems);
  return { ...options, artifacts };
}

export const PROMOTE_COMMAND: CommandSpec<PromoteOptions> = {
  summary: 'name exactly this version, or assets of it, in another repository',
  description:
    'Names versions, or chosen assets of them, in another repository: exactly their bytes, whatever was published since, and without moving any. Prints their ARNs there. What was promoted, when, by whom and with what evidence is on record; several are visible at once, or none is. The same again changes nothing, and after a failure goes on. What was promoted cannot be deleted as long as the version exists that it became.',
  examples: [
    { what: 'a version, with its labels', command: 'cfn-artifacts promote dev/shop/api:1.4.0 --to staging' },
    {
      what: 'the candidate that was tested, one asset of it, without its build number',
      command:
        'cfn-artifacts promote dev/foo:1.0.0 --set build-24 --to staging --asset foo-1.0.0-24-py3-none-any.whl=foo-1.0.0-py3-none-any.whl',
    },
    {
      what: 'with what proves that it may be',
      command:
        'cfn-artifacts promote staging/shop/api:1.4.0 --to production --evidence report.xml --evidence https://ci.example/runs/7',
    },
    {
      what: 'everything that one deploy used, all at once',
      command: 'cfn-artifacts promote --from-manifest manifest.json --to production',
    },
    { what: 'what would be promoted', command: 'cfn-artifacts promote dev/shop/api:7 --to staging --dry-run' },
  ],
  positional: [{ ...ARTIFACT, required: false, repeatable: true }],
  options: optionsOf<PromoteFlags>(PROMOTE),
  foreign: [],
  read: ({ given, positional, cwd }) => resolvePromoteOptions(given, positional, cwd),
};
