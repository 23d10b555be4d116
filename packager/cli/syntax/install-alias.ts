import type { CommandSpec } from './command.ts';
import type { DisplayOptions } from './common.ts';
import { DISPLAY } from './common.ts';
import type { OptionTable } from './option.ts';
import { flag, GROUP, optionsOf } from './option.ts';
import { resolveOptions } from './resolve.ts';

export interface InstallAliasOptions extends DisplayOptions {
  /** `aws cloudformation package` is this program's as well. */
  readonly shadowPackage: boolean;
  /** What was written is taken out again: all of it, or with `shadowPackage` that alone. */
  readonly remove: boolean;
  /** The file is shown as it would be, and stays as it is. */
  readonly print: boolean;
}

const INSTALL_ALIAS: OptionTable<InstallAliasOptions> = {
  shadowPackage: {
    name: 'shadow-package',
    inFile: 'never',
    group: GROUP.alias,
    help: "run this program's package for 'aws cloudformation package' too (AWS CLI 2.9.0 and newer)",
    read: flag,
    fallback: false,
  },
  remove: {
    name: 'remove',
    inFile: 'never',
    group: GROUP.alias,
    help: 'take out what was written; with --shadow-package that alone',
    read: flag,
    fallback: false,
  },
  print: {
    name: 'print',
    inFile: 'never',
    group: GROUP.alias,
    help: 'show the alias file as it would be; change nothing',
    read: flag,
    fallback: false,
  },
  ...DISPLAY,
};

export const INSTALL_ALIAS_COMMAND: CommandSpec<InstallAliasOptions> = {
  summary: "add 'aws artifacts' to the AWS CLI",
  description:
    "Adds the alias 'aws artifacts' to the AWS CLI, which runs this program, and takes it out again. Nothing else in the alias file is changed, not a byte. What the AWS CLI is told by --profile, --region and its other options counts here too.",
  examples: [
    { what: "'aws artifacts list' and all the others", command: 'cfn-artifacts install-alias' },
    { what: "'aws cloudformation package' as well", command: 'cfn-artifacts install-alias --shadow-package' },
    { what: 'what would be written', command: 'cfn-artifacts install-alias --print' },
    { what: 'as it was before', command: 'cfn-artifacts install-alias --remove' },
  ],
  positional: [],
  options: optionsOf<InstallAliasOptions>(INSTALL_ALIAS),
  foreign: [],
  read: (line) => resolveOptions(INSTALL_ALIAS, line.given, [], line),
};
