import { INSTALL_ALIAS } from './alias-options.ts';
import { AUDIT } from './audit-options.ts';
import { ACTIVATE, BOOKMARK, BOOKMARK_MOVE, FINISH } from './bookmark-options.ts';
import { resolveBootstrapOptions } from './bootstrap-options.ts';
import { BUNDLE_PUBLISH, BUNDLE_SHOW, resolveBundleCreateOptions } from './bundle-options.ts';
import type { Call } from './command-line.ts';
import { parseCommandLine } from './command-line.ts';
import type { CommandHandlers } from './commands.ts';
import { COMMANDS, HANDLERS } from './commands.ts';
import { COMPLETION, parseShell } from './completion-options.ts';
import { DELETE, UNDELETE } from './delete-options.ts';
import { DOCTOR } from './doctor-options.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';
import { resolveExplainOptions } from './explain-options.ts';
import { helpWidth } from './help.ts';
import { DIFF, GET, LIST, LIST_CONFLICTS, SHOW, TREE } from './looking-options.ts';
import { resolvePublishOptions } from './publish-options.ts';
import type { ResolvedPackageOptions } from './package-options.ts';
import { resolvePackageOptions } from './package-options.ts';
import { resolvePromoteOptions } from './promote-options.ts';
import { PROMOTIONS } from './promotions-options.ts';
import { REFERENCE } from './reference-options.ts';
import { REPLICATE } from './replicate-options.ts';
import { resolveReferencesOptions } from './references-options.ts';
import {
  REPOSITORY_CREATE,
  REPOSITORY_DELETE,
  REPOSITORY_LIST,
  REPOSITORY_SHOW,
  REPOSITORY_UPDATE,
} from './repository-options.ts';
import { completingFor } from './remedy.ts';
import type { MessageDisplay } from './report.ts';
import { reportFailure, writeNote } from './report.ts';
import type { GivenValue, GivenValues } from './resolve-options.ts';
import { resolveOptions } from './resolve-options.ts';
import type { Terminal } from './terminal.ts';
import { paletteFor } from './terminal.ts';
import { GC_PLAN, GC_RULES, GC_RULES_SET, GC_RUN, parsePlanName } from './gc-options.ts';
import { parseTarget, STATUS, STATUS_SET } from './status-options.ts';
import { VERIFY } from './verify-options.ts';
import { AWS_PROCESS } from '../aws-cli/aliases.ts';
import { isSet } from '../environment.ts';
import { parseRepository } from '../../repository/name.ts';
import { parseShareIds, resolveShareOptions, SHARE_LIST, SHARE_REVOKE, SHARE_SYNC } from './share-options.ts';
import type { Warnings } from './warnings.ts';
import { createWarnings } from './warnings.ts';

/**
 * The command line as a function: all of the program but its process.
 * @param argv Without the program's own name.
 * @param handlers The work behind the commands; tests give their own.
 * @returns The exit code. Never throws.
 */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  handlers: CommandHandlers = HANDLERS,
): Promise<ExitCode> {
  // An alias of the AWS CLI: aws-cli/caller.ts.
  if (!isSet(terminal.env[AWS_PROCESS])) return runTyped(argv, terminal, handlers);
  const { ownArgv } = await import('../aws-cli/caller.ts');
  let typed: readonly string[];
  try {
    typed = ownArgv(argv, terminal.env);
  } catch (error) {
    return reportFailure(terminal, error, messageDisplayOf(argv));
  }
  return runTyped(typed, terminal, handlers);
}

async function runTyped(argv: readonly string[], terminal: Terminal, handlers: CommandHandlers): Promise<ExitCode> {
  const display = messageDisplayOf(argv);
  const warnings = createWarnings(terminal, display);
  try {
    const style = {
      width: helpWidth(terminal.stdout.columns),
      palette: paletteFor(terminal.stdout, terminal.env, display.color),
    };
    const call = parseCommandLine(argv, style, (text) => {
      terminal.stdout.write(text);
    });
    const code = call === undefined ? EXIT.ok : await dispatch(call, terminal, warnings, handlers);
    warnings.tell();
    return code;
  } catch (error) {
    warnings.tell();
    return reportFailure(terminal, error, display, warnings.all());
  }
}

/** Seen in the bare words, because a command line that can't be parsed wants its error told as well. */
export function messageDisplayOf(argv: readonly string[]): MessageDisplay {
  const off =
    argv.includes('--no-color') || argv.includes('--color=off') || argv[argv.indexOf('--color') + 1] === 'off';
  return {
    ...{ json: argv.includes('--json'), debug: argv.includes('--debug'), color: off ? 'off' : 'auto' },
    completing: completingFor(argv),
  };
}

/** What a command looked for and found is told by its status; all else that ends well is done. */
async function dispatch(
  call: Call,
  terminal: Terminal,
  warnings: Warnings,
  handlers: CommandHandlers,
): Promise<ExitCode> {
  const given = withEnvironment(call, terminal.env);
  const context = { cwd: terminal.cwd };
  const [argument] = call.positional;
  switch (call.command) {
    case 'bootstrap':
      await handlers.bootstrap(await resolveBootstrapOptions(given, context.cwd), terminal, warnings);
      break;
    case 'package':
      await packageCommand(call, given, terminal, warnings, handlers);
      break;
    case 'explain': {
      const resolved = await resolveExplainOptions(given, call.foreign, context.cwd);
      tellOfOptions(resolved, terminal, warnings);
      await handlers.explain(resolved.options, terminal, warnings);
      break;
    }
    case 'bundle create':
      await bundleCommand(given, terminal, warnings, handlers);
      break;
    case 'bundle show': {
      const options = await resolveOptions(BUNDLE_SHOW, given, [], context);
      await handlers[call.command]({ ...options, bundle: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'bundle publish': {
      const options = await resolveOptions(BUNDLE_PUBLISH, given, [], context);
      await handlers[call.command]({ ...options, bundle: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'publish':
      await handlers.publish(await resolvePublishOptions(given, argument, context), terminal, warnings);
      break;
    case 'promote':
      await handlers.promote(await resolvePromoteOptions(given, call.positional, context.cwd), terminal, warnings);
      break;
    case 'promotions': {
      const options = await resolveOptions(PROMOTIONS, given, [], context);
      await handlers.promotions({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'replicate': {
      const options = await resolveOptions(REPLICATE, given, [], context);
      await handlers.replicate({ ...options, artifacts: call.positional }, terminal, warnings);
      break;
    }
    case 'get': {
      const options = await resolveOptions(GET, given, [], context);
      await handlers.get({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'list': {
      const options = await resolveOptions(LIST, given, LIST_CONFLICTS, context);
      await handlers.list({ ...options, ...(argument !== undefined && { prefix: argument }) }, terminal, warnings);
      break;
    }
    case 'tree': {
      const options = await resolveOptions(TREE, given, [], context);
      await handlers.tree({ ...options, ...(argument !== undefined && { prefix: argument }) }, terminal, warnings);
      break;
    }
    case 'show': {
      const options = await resolveOptions(SHOW, given, [], context);
      await handlers.show({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'diff': {
      const [from = '', to = ''] = call.positional;
      return handlers.diff({ ...(await resolveOptions(DIFF, given, [], context)), from, to }, terminal, warnings);
    }
    case 'bookmark set':
    case 'bookmark delete': {
      const [, bookmark = ''] = call.positional;
      const options = await resolveOptions(BOOKMARK_MOVE, given, [], context);
      await handlers[call.command]({ ...options, artifact: argument ?? '', bookmark }, terminal, warnings);
      break;
    }
    case 'bookmark get':
    case 'bookmark history': {
      const [, bookmark = ''] = call.positional;
      const options = await resolveOptions(BOOKMARK, given, [], context);
      await handlers[call.command]({ ...options, artifact: argument ?? '', bookmark }, terminal, warnings);
      break;
    }
    case 'bookmark list': {
      const options = await resolveOptions(BOOKMARK, given, [], context);
      await handlers['bookmark list']({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'status set': {
      const options = await resolveOptions(STATUS_SET, given, [], context);
      const status = parseTarget(call.positional.at(-1) ?? '');
      const artifacts = call.positional.slice(0, -1);
      await handlers['status set']({ ...options, status, artifacts }, terminal, warnings);
      break;
    }
    case 'status get': {
      const options = await resolveOptions(STATUS, given, [], context);
      await handlers['status get']({ ...options, artifacts: call.positional }, terminal, warnings);
      break;
    }
    case 'finish': {
      const options = await resolveOptions(FINISH, given, [], context);
      await handlers.finish({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'activate': {
      const options = await resolveOptions(ACTIVATE, given, [], context);
      await handlers.activate({ ...options, artifact: argument ?? '' }, terminal, warnings);
      break;
    }
    case 'references':
      await handlers.references(await resolveReferencesOptions(given, argument, context.cwd), terminal, warnings);
      break;
    case 'reference add':
    case 'reference remove': {
      const options = { ...(await resolveOptions(REFERENCE, given, [], context)), artifact: argument ?? '' };
      await handlers[call.command](options, terminal, warnings);
      break;
    }
    case 'delete': {
      const options = await resolveOptions(DELETE, given, [], context);
      return handlers.delete({ ...options, artifacts: call.positional }, terminal, warnings);
    }
    case 'undelete': {
      const options = await resolveOptions(UNDELETE, given, [], context);
      await handlers.undelete({ ...options, artifacts: call.positional }, terminal, warnings);
      break;
    }
    case 'audit':
      return handlers.audit(await resolveOptions(AUDIT, given, [], context), terminal, warnings);
    case 'verify':
      return handlers.verify(await resolveOptions(VERIFY, given, [], context), terminal, warnings);
    case 'gc plan':
      return handlers['gc plan'](await resolveOptions(GC_PLAN, given, [], context), terminal, warnings);
    case 'gc run': {
      const named = argument === undefined ? {} : { plan: parsePlanName(argument) };
      const options = { ...(await resolveOptions(GC_RUN, given, [], context)), ...named };
      return handlers['gc run'](options, terminal, warnings);
    }
    case 'gc rules':
      await handlers['gc rules'](await resolveOptions(GC_RULES, given, [], context), terminal, warnings);
      break;
    case 'gc rules set': {
      const options = { ...(await resolveOptions(GC_RULES_SET, given, [], context)), file: argument ?? '' };
      await handlers['gc rules set'](options, terminal, warnings);
      break;
    }
    case 'repository create': {
      const options = await resolveOptions(REPOSITORY_CREATE, given, [], context);
      await handlers[call.command]({ ...options, repository: parseRepository(argument ?? '') }, terminal, warnings);
      break;
    }
    case 'repository list':
      await handlers[call.command](await resolveOptions(REPOSITORY_LIST, given, [], context), terminal, warnings);
      break;
    case 'repository show': {
      const options = await resolveOptions(REPOSITORY_SHOW, given, [], context);
      await handlers[call.command]({ ...options, repository: parseRepository(argument ?? '') }, terminal, warnings);
      break;
    }
    case 'repository update': {
      const options = await resolveOptions(REPOSITORY_UPDATE, given, [], context);
      await handlers[call.command]({ ...options, repository: parseRepository(argument ?? '') }, terminal, warnings);
      break;
    }
    case 'repository delete': {
      const options = await resolveOptions(REPOSITORY_DELETE, given, [], context);
      await handlers[call.command]({ ...options, repository: parseRepository(argument ?? '') }, terminal, warnings);
      break;
    }
    case 'share':
      await handlers.share(await resolveShareOptions(given, argument, context), terminal, warnings);
      break;
    case 'share list':
      await handlers[call.command](await resolveOptions(SHARE_LIST, given, [], context), terminal, warnings);
      break;
    case 'share revoke': {
      const options = await resolveOptions(SHARE_REVOKE, given, [], context);
      await handlers[call.command]({ ...options, ids: parseShareIds(call.positional) }, terminal, warnings);
      break;
    }
    case 'share sync':
      await handlers[call.command](await resolveOptions(SHARE_SYNC, given, [], context), terminal, warnings);
      break;
    case 'install-alias':
      await handlers['install-alias'](await resolveOptions(INSTALL_ALIAS, given, [], context), terminal, warnings);
      break;
    case 'completion': {
      const options = await resolveOptions(COMPLETION, given, [], context);
      await handlers.completion({ ...options, shell: parseShell(argument ?? '') }, terminal, warnings);
      break;
    }
    case 'doctor':
      return handlers.doctor(await resolveOptions(DOCTOR, given, [], context), terminal, warnings);
  }
  return EXIT.ok;
}

async function packageCommand(
  { foreign }: Call,
  given: GivenValues,
  terminal: Terminal,
  warnings: Warnings,
  handlers: CommandHandlers,
): Promise<void> {
  const resolved = await resolvePackageOptions(given, foreign, terminal.cwd);
  tellOfOptions(resolved, terminal, warnings);
  const { options } = resolved;
  if (!options.saveParams) return handlers.package(options, terminal, warnings);
  const saving = await import('./saving/save-params.ts');
  const request = { options, given, cwd: terminal.cwd };
  await saving.checkSaving(request);
  await handlers.package(options, terminal, warnings);
  if (options.dryRun) writeNote(terminal, 'no option was saved: this is a dry run', options);
  else saving.tellSaved(await saving.saveParameters(request), terminal, options);
}

async function bundleCommand(
  given: GivenValues,
  terminal: Terminal,
  warnings: Warnings,
  handlers: CommandHandlers,
): Promise<void> {
  const resolved = await resolveBundleCreateOptions(given, terminal.cwd);
  tellOfOptions(resolved, terminal, warnings);
  await handlers['bundle create'](resolved.options, terminal, warnings);
}

function tellOfOptions(
  { options, warnings: ofOptions, notes }: ResolvedPackageOptions,
  terminal: Terminal,
  warnings: Warnings,
): void {
  for (const warning of ofOptions) warnings.add(warning);
  warnings.tell();
  if (!options.quiet) for (const note of notes) writeNote(terminal, note, options);
}

function withEnvironment({ command, given }: Call, env: Terminal['env']): GivenValues {
  const result = new Map<string, readonly GivenValue[]>(given);
  for (const { name, environment } of COMMANDS.find((spec) => spec.name === command)?.options ?? []) {
    const value = environment === undefined ? undefined : env[environment];
    if (environment === undefined || !isSet(value)) continue;
    result.set(name, [...(result.get(name) ?? []), { origin: 'environment', label: `'${environment}'`, value }]);
  }
  return result;
}
