import type { DisplayOptions, OptionTable } from './options.ts';
import { DISPLAY, flag, GROUP } from './options.ts';

export interface InstallAliasOptions extends DisplayOptions {
  /** `aws cloudformation package` is this program's as well. */
  readonly shadowPackage: boolean;
  /** What was written is taken out again: all of it, or with `shadowPackage` that alone. */
  readonly remove: boolean;
  /** The file is shown as it would be, and stays as it is. */
  readonly print: boolean;
}

export const INSTALL_ALIAS: OptionTable<InstallAliasOptions> = {
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
