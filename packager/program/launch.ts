import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { Compiled } from './compiled.ts';
import { Pieces } from './pieces.ts';

/** Starts the program in its shipped form (build.mjs): loads the pieces that the command needs, compiled already where a run before it has left that. */
const folder = import.meta.dirname;
const nodeRequire = createRequire(import.meta.url);
const pieces = new Pieces(path.join(folder, 'pieces.bin'));
const compiled = new Compiled(folder, process.argv[2] ?? '');
const modules = new Map<string, { exports: unknown }>();

type Piece = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

/** Commander wants it for commands that are programs of their own, and few runs start another program. */
const LAZY = 'node:child_process';

/** A builtin that is loaded once something of it is looked at, or all of it is. */
function lazily(name: string): unknown {
  const whole = (): object => nodeRequire(name) as object;
  return new Proxy(
    {},
    {
      get: (_, member) => Reflect.get(whole(), member) as unknown,
      has: (_, member) => Reflect.has(whole(), member),
      ownKeys: () => Reflect.ownKeys(whole()),
      getOwnPropertyDescriptor: (_, member) => Reflect.getOwnPropertyDescriptor(whole(), member),
    },
  );
}

function load(name: string): unknown {
  if (!name.startsWith('./')) return name === LAZY ? lazily(name) : nodeRequire(name);
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const filename = path.join(folder, name);
  const text = pieces.of(name);
  const cachedData = compiled.of(name, text);
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${text.toString('latin1')}\n})`, {
    filename,
    ...(cachedData !== undefined && { cachedData }),
  });
  compiled.add(name, text, script);
  const module = { exports: {} };
  modules.set(name, module);
  (script.runInThisContext() as Piece)(module.exports, load, module, filename, folder);
  return module.exports;
}

load('./main.cjs');
// Nothing is left to do but to give back what the system takes anyway, which Node.js does with care.
process.once('beforeExit', () => process.exit());
process.on('exit', (code) => {
  if (code === 0) compiled.keep();
});
