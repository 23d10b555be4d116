import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { Compiled } from './compiled.ts';

/** Starts the program in its shipped form (build.mjs): loads the pieces that the command needs, compiled already where a run before it has left that. */
const folder = import.meta.dirname;
const nodeRequire = createRequire(import.meta.url);
const compiled = new Compiled(folder, process.argv[2] ?? '');
const modules = new Map<string, { exports: unknown }>();

type Piece = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

function load(name: string): unknown {
  if (!name.startsWith('./')) return nodeRequire(name);
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const filename = path.join(folder, name);
  const text = readFileSync(filename);
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
process.on('exit', (code) => {
  if (code === 0) compiled.keep();
});
