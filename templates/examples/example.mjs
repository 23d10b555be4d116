// `npm run example`: the shop beside this file is packaged into a directory, and the result shown. Needs Node and nothing else.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

const root = path.resolve(import.meta.dirname, '../..');
const work = path.join(root, '.cfn-artifacts/example');
const shop = path.relative(root, path.join(import.meta.dirname, 'shop'));
const main = path.join(root, 'dist/program/cfn-artifacts.cjs');

function step(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' });
  if (status !== 0) {
    process.stderr.write(`${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}\n`);
    process.exit(status ?? 1);
  }
}

function cfnArtifacts(...args) {
  process.stdout.write(`\n$ cfn-artifacts ${args.join(' ')}\n`);
  step(process.execPath, [main, ...args]);
}

if (!existsSync(path.join(root, 'node_modules/typescript'))) step('npm', ['ci', '--silent']);
step('npm', ['run', '--silent', 'build']);
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

const domain = path.relative(root, path.join(work, 'domain'));
const output = path.relative(root, path.join(work, 'packaged.yaml'));
const where = ['--domain', `file:${domain}`];
const template = ['--template-file', `${shop}/template.yaml`, '--project-root', shop];
cfnArtifacts('package', ...template, ...where, '--output-template-file', output);
process.stdout.write(`\n$ cat ${output}\n${readFileSync(path.join(root, output), 'utf8')}`);
cfnArtifacts('list', ...where);
cfnArtifacts('show', 'shop/functions/orders', ...where);
