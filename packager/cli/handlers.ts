import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';
import type { CommandName, CommandOptions } from './syntax/commands.ts';
import type { Terminal } from './terminal.ts';
import type { Warnings } from './talk/warnings.ts';

/** The work behind each command. Failures are thrown: ArtifactErrors are told to people, everything else is a defect. */
export type CommandHandlers = {
  readonly [Name in CommandName]: (
    options: CommandOptions[Name],
    terminal: Terminal,
    warnings: Warnings,
  ) => Promise<ExitCode>;
};

/** Ends with status 0 where the work ends well: of commands whose status tells nothing else. */
export async function done(work: Promise<void>): Promise<ExitCode> {
  await work;
  return EXIT.ok;
}

/** Each is loaded when it is called: nobody waits for the AWS SDK to read a help text. */
export const HANDLERS: CommandHandlers = {
  bootstrap: async (...call) => done((await import('./commands/bootstrap.ts')).run(...call)),
  package: async (...call) => done((await import('./commands/package.ts')).run(...call)),
  explain: async (...call) => done((await import('./commands/explain.ts')).run(...call)),
  'bundle create': async (...call) => done((await import('./commands/bundle.ts')).create(...call)),
  'bundle show': async (...call) => done((await import('./commands/bundle.ts')).show(...call)),
  'bundle publish': async (...call) => done((await import('./commands/bundle.ts')).publish(...call)),
  publish: async (...call) => done((await import('./commands/publish.ts')).run(...call)),
  promote: async (...call) => done((await import('./commands/promote.ts')).run(...call)),
  promotions: async (...call) => done((await import('./commands/promotions.ts')).run(...call)),
  replicate: async (...call) => done((await import('./commands/replicate.ts')).run(...call)),
  get: async (...call) => done((await import('./commands/get.ts')).run(...call)),
  list: async (...call) => done((await import('./commands/list.ts')).run(...call)),
  show: async (...call) => done((await import('./commands/show.ts')).run(...call)),
  tree: async (...call) => done((await import('./commands/tree.ts')).run(...call)),
  diff: async (...call) => (await import('./commands/diff.ts')).run(...call),
  'bookmark set': async (...call) => done((await import('./commands/bookmark.ts')).set(...call)),
  'bookmark get': async (...call) => done((await import('./commands/bookmark.ts')).get(...call)),
  'bookmark list': async (...call) => done((await import('./commands/bookmark.ts')).list(...call)),
  'bookmark history': async (...call) => done((await import('./commands/bookmark.ts')).history(...call)),
  'bookmark delete': async (...call) => done((await import('./commands/bookmark.ts')).remove(...call)),
  'status set': async (...call) => done((await import('./commands/status.ts')).set(...call)),
  'status get': async (...call) => done((await import('./commands/status.ts')).get(...call)),
  finish: async (...call) => done((await import('./commands/finish.ts')).finish(...call)),
  activate: async (...call) => done((await import('./commands/finish.ts')).activate(...call)),
  references: async (...call) => done((await import('./commands/references.ts')).run(...call)),
  'reference add': async (...call) => done((await import('./commands/reference.ts')).add(...call)),
  'reference remove': async (...call) => done((await import('./commands/reference.ts')).remove(...call)),
  delete: async (...call) => (await import('./commands/delete.ts')).run(...call),
  undelete: async (...call) => done((await import('./commands/undelete.ts')).run(...call)),
  audit: async (...call) => (await import('./commands/audit.ts')).run(...call),
  verify: async (...call) => (await import('./commands/verify.ts')).run(...call),
  'gc plan': async (...call) => (await import('./commands/gc.ts')).plan(...call),
  'gc run': async (...call) => (await import('./commands/gc.ts')).run(...call),
  'gc rules': async (...call) => done((await import('./commands/gc-rules.ts')).show(...call)),
  'gc rules set': async (...call) => done((await import('./commands/gc-rules.ts')).set(...call)),
  'repository create': async (...call) => done((await import('./commands/repository.ts')).create(...call)),
  'repository list': async (...call) => done((await import('./commands/repository.ts')).list(...call)),
  'repository show': async (...call) => done((await import('./commands/repository.ts')).show(...call)),
  'repository update': async (...call) => done((await import('./commands/repository.ts')).update(...call)),
  'repository delete': async (...call) => done((await import('./commands/repository-delete.ts')).run(...call)),
  share: async (...call) => done((await import('./commands/share.ts')).share(...call)),
  'share list': async (...call) => done((await import('./commands/share.ts')).list(...call)),
  'share revoke': async (...call) => done((await import('./commands/share.ts')).revoke(...call)),
  'share sync': async (...call) => done((await import('./commands/share.ts')).sync(...call)),
  doctor: async (...call) => (await import('./commands/doctor.ts')).run(...call),
  'install-alias': async (...call) => done((await import('./commands/install-alias.ts')).run(...call)),
  completion: async (...call) => done((await import('./commands/completion.ts')).run(...call)),
};
