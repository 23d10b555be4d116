import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';

export interface ZipEntry {
  readonly sha256: string;
  readonly executable: boolean;
}

const PYTHON = `
import hashlib, json, sys, zipfile
answer = {}
for name in sys.argv[1:]:
    with zipfile.ZipFile(name) as archive:
        assert archive.testzip() is None
        answer[name] = {i.filename: {'sha256': hashlib.sha256(archive.read(i)).hexdigest(), 'executable': bool(i.external_attr >> 16 & 0o100)} for i in archive.infolist()}
print(json.dumps(answer))
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;
const hasUnzip = spawnSync('unzip', ['-v']).status === 0;

/** Whether another program than ours is here that opens zips. */
export const canOpenZips: boolean = hasPython || hasUnzip;

/** What is in the zips, as another program sees it: path → entry. */
export function zipEntries(files: readonly string[]): Map<string, Record<string, ZipEntry>> {
  if (files.length === 0) return new Map();
  if (hasPython) {
    const { status, stdout, stderr } = spawnSync('python3', ['-c', PYTHON, ...files], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr);
    return new Map(Object.entries(JSON.parse(stdout) as Record<string, Record<string, ZipEntry>>));
  }
  return new Map(files.map((file) => [file, unzipEntries(file)]));
}

function unzipEntries(file: string): Record<string, ZipEntry> {
  const list = spawnSync('unzip', ['-Z', '-T', '-l', file], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
  const entries: Record<string, ZipEntry> = {};
  for (const line of list.split('\n')) {
    const [, mode, name] = /^(-[rwx-]{9})\s+\S+\s+\S+\s+\d+\s+\S+\s+\d+\s+\S+\s+\S+\s(.*)$/.exec(line) ?? [];
    if (mode === undefined || name === undefined) continue;
    const content = spawnSync('unzip', ['-p', file, name.replaceAll(/[[\]*?\\]/g, '\\$&')], {
      maxBuffer: 1 << 28,
    }).stdout;
    entries[name] = { sha256: createHash('sha256').update(content).digest('hex'), executable: mode[3] === 'x' };
  }
  return entries;
}
