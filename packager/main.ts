import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { EXIT } from './cli/exit-codes.ts';
import { messageDisplayOf, run } from './cli/program.ts';
import { reportDefect } from './cli/talk/report.ts';
import { INTERRUPTED, OUTPUT_CLOSED, terminalOf } from './cli/terminal.ts';
import { failureReason } from './output-failure.ts';

/** The only place that knows the process: signals, streams, exit code. Everything else is `run`. */
async function main(): Promise<void> {
  // The SDK looks at it when it is loaded, which no static import does. Which Node this runs on is `engines`' matter.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const argv = process.argv.slice(2);
  const ending = new AbortController();
  // Every request under way listens to it.
  setMaxListeners(0, ending.signal);
  const terminal = terminalOf(process, ending.signal);

  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(EXIT.interrupted);
      interrupted = true;
      ending.abort(INTERRUPTED);
      if (terminal.stderr.isTTY) terminal.stderr.write('\ninterrupted: tidying up; once more to leave at once\n');
    });
  }
  let outputError: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') ending.abort(OUTPUT_CLOSED);
    else outputError ??= error;
  });
  // Nobody can be told that nobody can be told.
  process.stderr.on('error', () => undefined);
  process.on('uncaughtException', (error) => {
    const code = reportDefect(terminal, error, messageDisplayOf(argv));
    // Whoever would have gone on after it never will.
    void Promise.all([terminal.stdout.flushed(), terminal.stderr.flushed()]).then(() => process.exit(code));
  });

  process.exitCode = await run(argv, terminal);
  await Promise.all([terminal.stdout.flushed(), terminal.stderr.flushed()]);
  if (outputError !== undefined) {
    terminal.stderr.write(`error: the output can't be written: ${failureReason(outputError)}\n`);
    process.exitCode = EXIT.input;
  }
  // A request that was given up may hold its socket for long.
  if (ending.signal.aborted) process.exit();
}

void main();
