import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Domain, LifecycleRule, Rules, Settings, SettingsProblem } from '../../../repository/index.ts';
import {
  ArtifactError,
  ArtifactErrors,
  parseRules,
  QUARANTINE_DAYS,
  readRepository,
  updateRepository,
  writeSettings,
} from '../../../repository/index.ts';
import { DEFAULT_REPOSITORY } from '../../../repository/name.ts';
import type { Salvaged } from '../../../repository/salvage.ts';
import { salvageSettings } from '../../../repository/salvage.ts';
import { failureReason } from '../../output-failure.ts';
import { confirm } from '../confirm.ts';
import type { GcRulesOptions, GcRulesSetOptions } from '../syntax/gc.ts';
import { count } from '../talk/findings.ts';
import { openDomain } from '../open.ts';
import type { Column } from '../talk/report.ts';
import { formatTable, writeJson } from '../talk/report.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

const COLUMNS: readonly Column[] = [{ title: 'RULE' }, { title: 'MATCHES' }, { title: 'KEEPS' }, { title: 'TAKES' }];

/** Shows the rules of a repository. */
export async function show(options: GcRulesOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { domain } = await openDomain(options, 'read', terminal);
  const { repository, json, quiet } = options;
  const { repository: settings } = await readRepository(domain, repository);
  const { lifecycle } = settings;
  // The whole domain's stands with the rules of this one.
  const quarantineDays = repository === DEFAULT_REPOSITORY ? (settings.quarantineDays ?? QUARANTINE_DAYS) : undefined;
  if (json) {
    writeJson(terminal, { repository, lifecycle, quarantineDays, warnings: warnings.all() });
    return;
  }
  if (lifecycle.length > 0) {
    terminal.stdout.write(
      formatTable(
        COLUMNS,
        lifecycle.map((rule) => [rule.id, rule.match, keepsOf(rule), takesOf(rule)]),
        terminal.stdout.columns,
      ),
    );
  }
  if (quiet) return;
  if (lifecycle.length === 0) terminal.stderr.write(`'${repository}' has no rules: no version of it goes by itself\n`);
  if (quarantineDays !== undefined)
    terminal.stderr.write(`content is in quarantine for ${days(quarantineDays)} before it goes\n`);
}

function keepsOf({ keepNewest, keepBookmarkedDays, keepLabels }: LifecycleRule): string {
  const kept = [
    keepNewest === undefined ? undefined : keepNewest === 1 ? 'the newest' : `the newest ${keepNewest}`,
    keepBookmarkedDays === undefined ? undefined : `what a bookmark named within ${days(keepBookmarkedDays)}`,
    keepLabels === undefined ? undefined : `labels ${keepLabels.join(', ')}`,
  ].filter((one) => one !== undefined);
  return kept.length === 0 ? '-' : kept.join('; ');
}

function takesOf({ expireUnusedDays }: LifecycleRule): string {
  if (expireUnusedDays === undefined) return '-';
  return expireUnusedDays === 0 ? 'what is unused' : `what is unused for ${days(expireUnusedDays)}`;
}

function days(number: number): string {
  return count(number, 'day', 'days');
}

/**
 * Gives a repository the rules of a file, in the place of those that it has. What else is set for it stays.
 * @throws ArtifactErrors INVALID_CONFIGURATION with everything that is wrong in the file; REPOSITORY_NOT_FOUND; INVALID_ARGUMENT where the answer is no; CONTENTION
 */
export async function set(options: GcRulesSetOptions, terminal: Terminal, warnings: Warnings): Promise<void> {
  const { repository, json, quiet, yes } = options;
  const rules = await readRules(options.file, repository, terminal.cwd);
  const { domain } = await openDomain(options, 'keep', terminal);
  const { changes, replace } = await compare(domain, repository, rules);
  const isChanged = changes.length > 0;
  if (isChanged) {
    if (!yes || !(json || quiet)) terminal.stderr.write(changes.map((line) => `${line}\n`).join(''));
    if (!yes) await agree(repository, terminal);
    await replace();
  }
  if (json) writeJson(terminal, { repository, changed: isChanged, ...rules, warnings: warnings.all() });
  else if (!quiet) {
    const number = rules.lifecycle.length === 0 ? 'no rules' : count(rules.lifecycle.length, 'rule', 'rules');
    terminal.stdout.write(
      isChanged
        ? `'${repository}' has ${number} now\n`
        : `'${repository}' has these rules already: nothing was changed\n`,
    );
  }
}

interface Comparison {
  /** In words. */
  readonly changes: readonly string[];
  /** Writes the rules where what was compared stands still. */
  readonly replace: () => Promise<void>;
}

/** @throws ArtifactError UNSUPPORTED_FORMAT of what a newer version has written */
async function compare(domain: Domain, repository: string, rules: Rules): Promise<Comparison> {
  try {
    const { repository: is, record } = await readRepository(domain, repository);
    return {
      changes: changesOf(is, rules),
      replace: () => updateRepository(domain, repository, withRules(is, rules), record),
    };
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'UNSUPPORTED_FORMAT') throw error;
    const salvaged = await salvageSettings(domain.store, repository);
    // It is gone since.
    if (salvaged === undefined) throw error;
    return compareWith(domain, repository, rules, salvaged, error);
  }
}

/** What can't be read is replaced too: nothing is collected as long as it stands there. What of it is understood is kept. */
function compareWith(
  domain: Domain,
  repository: string,
  rules: Rules,
  { revision, settings, notes, lost }: Salvaged,
  { message }: ArtifactError,
): Comparison {
  const { acceptsFrom, requiresEvidence = false } = settings;
  // Where nothing tells what it took, or from where.
  const taken = acceptsFrom === undefined && !requiresEvidence ? ['+ takes: everything'] : [];
  return {
    changes: [
      `- what was set for '${repository}' before can't be read: ${message}`,
      ...lost.map((one) => `- ${one}`),
      ...linesOf(rules).map((line) => `+ ${line}`),
      ...taken,
    ],
    replace: () =>
      writeSettings(domain, repository, withRules({ lifecycle: [], ...settings }, rules), { revision, value: notes }),
  };
}

function withRules({ description, acceptsFrom, requiresEvidence }: Settings, rules: Rules): Settings {
  return {
    ...rules,
    ...(description !== undefined && { description }),
    ...(acceptsFrom !== undefined && { acceptsFrom }),
    ...(requiresEvidence !== undefined && { requiresEvidence }),
  };
}

async function agree(repository: string, terminal: Terminal): Promise<void> {
  await confirm(terminal, {
    question: `Change the rules of '${repository}' like this?`,
    whether: 'to change the rules like this',
    remedy: 'Nothing was changed. Use --yes to change them without a question.',
    nothing: 'nothing was changed',
  });
}

/** What is taken away and what is added, as people read it; the order of rules means nothing. */
function changesOf(before: Rules, after: Rules): readonly string[] {
  const [old, wanted] = [linesOf(before), linesOf(after)];
  return [
    ...old.filter((line) => !wanted.includes(line)).map((line) => `- ${line}`),
    ...wanted.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

function linesOf({ lifecycle, quarantineDays = QUARANTINE_DAYS }: Rules): readonly string[] {
  const rules = lifecycle.map((rule) => `${rule.id}: ${rule.match} keeps ${keepsOf(rule)}, takes ${takesOf(rule)}`);
  return [...rules, `quarantine: ${days(quarantineDays)}`];
}

/** JSON is YAML too. */
async function readRules(file: string, repository: string, cwd: string): Promise<Rules> {
  const text = readText(path.resolve(cwd, file), file);
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const placeAt = (offset: number): { file: string; line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const mistakes = document.errors.map((error) => {
    const [message = ''] = error.message.split('\n');
    return new ArtifactError('INVALID_CONFIGURATION', message.replace(/ at line \d+, column \d+:?$/, ''), {
      place: placeAt(error.pos[0]),
    });
  });
  requireNone(mistakes);
  if (document.contents === null) {
    throw new ArtifactError('INVALID_CONFIGURATION', 'the file is empty', {
      place: { file, line: 1, column: 1 },
      remedy: 'To have no rules, write: lifecycle: []',
    });
  }
  const parsed = parseRules(document.toJS(), repository);
  if ('rules' in parsed) return parsed.rules;
  const placeOf = ({ path: where, isName }: SettingsProblem): number => {
    if (isName === true) {
      const map: unknown = where.length === 1 ? document.contents : document.getIn(where.slice(0, -1), true);
      const name = isMap(map)
        ? map.items.map(({ key }) => key).find((key) => isScalar(key) && key.value === where.at(-1))
        : undefined;
      if (isScalar(name) && name.range) return name.range[0];
    }
    for (let depth = where.length; depth >= 0; depth--) {
      const node: unknown = depth === 0 ? document.contents : document.getIn(where.slice(0, depth), true);
      const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
      if (Array.isArray(range)) return Number(range[0]);
    }
    return 0;
  };
  requireNone(
    parsed.problems.map(
      (problem) =>
        new ArtifactError('INVALID_CONFIGURATION', problem.message, {
          place: placeAt(placeOf(problem)),
          ...(problem.remedy !== undefined && { remedy: problem.remedy }),
        }),
    ),
  );
  throw new TypeError('problems are problems');
}

/** @throws ArtifactErrors */
function requireNone([first, ...others]: readonly ArtifactError[]): void {
  if (first !== undefined) throw new ArtifactErrors([first, ...others]);
}

/** @throws ArtifactError PATH_NOT_FOUND, PATH_UNREADABLE */
function readText(absolute: string, file: string): string {
  try {
    return readFileSync(absolute, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    const isAbsent = code === 'ENOENT' || code === 'ENOTDIR';
    throw new ArtifactError(
      isAbsent ? 'PATH_NOT_FOUND' : 'PATH_UNREADABLE',
      isAbsent ? `there is no file '${file}'` : `'${file}' can't be read: ${failureReason(error)}`,
      { cause: error },
    );
  }
}
