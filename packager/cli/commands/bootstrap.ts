import type { Bootstrapped } from '../../bootstrap/bootstrap.ts';
import type { Plan } from '../../bootstrap/event.ts';
import { bootstrap } from '../../bootstrap/bootstrap.ts';
import type { BootstrapOptions } from '../syntax/bootstrap.ts';
import { bootstrapTalk, formatPlan } from '../talk/bootstrap.ts';
import type { BootstrapTools } from '../bootstrap-tools.ts';
import { TOOLS } from '../bootstrap-tools.ts';
import { confirm } from '../confirm.ts';
import { accessSettings } from '../../opening/opening.ts';
import { formatFields, writeJson } from '../talk/report.ts';
import { scratchFolder } from '../../scratch.ts';
import type { Terminal } from '../terminal.ts';
import type { Warnings } from '../talk/warnings.ts';

/** Makes the account's domain, or brings it up to date. */
export async function run(
  options: BootstrapOptions,
  terminal: Terminal,
  warnings: Warnings,
  { installation, chance }: BootstrapTools = TOOLS,
): Promise<void> {
  const built = installation();
  const { awsAccess } = await import('../../aws/access.ts');
  const access = await awsAccess(accessSettings(options, terminal));
  const talk = bootstrapTalk(terminal, options, warnings);
  let result: Bootstrapped;
  try {
    result = await bootstrap({
      ...{ access, installation: built, chance, signal: terminal.signal, scratch: scratchFolder(), tell: talk.tell },
      ...{ parameters: options.parameters, tags: options.tag, demands: options.demands },
      ...(options.executionRole !== undefined && { role: options.executionRole }),
      ...{ isDryRun: options.dryRun, mayDowngrade: options.forceDowngrade },
      approve: (plan) => approve(plan, options, terminal),
      agree: (difference) => agree(difference, options, terminal),
    });
  } finally {
    talk.stop();
    access.close();
  }
  warnings.tell();
  tell(result, options, terminal, warnings);
}

/** @throws ArtifactError INVALID_ARGUMENT where the answer is no, or nobody can give one */
async function approve(plan: Plan, { yes, json, quiet }: BootstrapOptions, terminal: Terminal): Promise<void> {
  const { stderr } = terminal;
  if (!yes || !(json || quiet)) stderr.write(formatPlan(plan, stderr.columns));
  if (yes) return;
  await confirm(terminal, {
    question: 'Make these changes?',
    whether: 'to make these changes',
    remedy: 'Nothing was changed. Use --yes to make them without a question, or --dry-run to see them alone.',
    nothing: 'nothing was changed',
  });
}

/** @throws ArtifactError INVALID_ARGUMENT where the answer is no, or nobody can give one */
async function agree(difference: string, { yes, json, quiet }: BootstrapOptions, terminal: Terminal): Promise<void> {
  if (difference !== '' && (!yes || !(json || quiet))) terminal.stderr.write(`${difference}\n`);
  if (yes) return;
  await confirm(terminal, {
    question: 'Change what the domain demands like this?',
    whether: 'to change what the domain demands like this',
    remedy: 'It demands what it did. Use --yes to change that without a question.',
    nothing: 'the domain demands what it did',
  });
}

function tell(result: Bootstrapped, options: BootstrapOptions, terminal: Terminal, warnings: Warnings): void {
  const { place, outcome, plans, domain } = result;
  const { stdout, stderr } = terminal;
  if (options.json) {
    const steps = plans.map(({ does, stack, changes, next }) => ({ does, stack, changes, next }));
    writeJson(terminal, { outcome, ...place, ...domain, steps, warnings: warnings.all() });
    return;
  }
  const of = `the domain of account ${place.account} in ${place.region}`;
  if (options.dryRun) {
    const [plan] = plans;
    stdout.write(plan === undefined ? `${of} is up to date: nothing would change\n` : formatPlan(plan, stdout.columns));
    return;
  }
  if (!options.quiet) stderr.write(`${of} ${ENDS[outcome]}\n`);
  stdout.write(
    formatFields([
      ['Bucket', place.bucket],
      ['ServiceToken', domain?.serviceToken ?? ''],
      ['Keeper', domain?.keeper ?? ''],
      ['Version', domain?.version ?? ''],
    ]),
  );
}

const ENDS: Readonly<Record<Bootstrapped['outcome'], string>> = {
  created: 'is made, and works',
  updated: 'is brought up to date, and works',
  unchanged: 'is up to date, and works',
  planned: '',
};
