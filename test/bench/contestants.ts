import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { awsProgram } from './measure.ts';
import type { Options } from './options.ts';
import { isChosen } from './options.ts';

export type ContestantName = 'bucket' | 'domain' | 'aws-cli' | 'other';

export interface Contestant {
  readonly name: ContestantName;
  readonly what: string;
  /** Its own: what others have uploaded would spare it uploads. */
  readonly bucket: string;
  readonly command: (template: string, output: string) => readonly string[];
}

/** Who is installed and chosen. @throws Error where what is to be measured isn't built */
export function contestants(options: Options): readonly Contestant[] {
  const { ours, against } = options;
  for (const file of [ours, against]) {
    if (file !== undefined && !existsSync(file)) throw new Error(`${file} is not there: npm run build`);
  }
  const aws = awsProgram();
  const all: Contestant[] = [
    plain('bucket', 'ours, plain bucket', [process.execPath, ours, 'package', '--quiet']),
    {
      ...{ name: 'domain', what: 'ours, domain', bucket: 'domain' },
      command: (template, output) => {
        const flags = ['--template-file', template, '--domain', 's3://domain', '--output-template-file', output];
        return [process.execPath, ours, 'package', '--quiet', ...flags];
      },
    },
  ];
  if (against !== undefined) {
    all.push(plain('other', 'other build, bucket', [process.execPath, against, 'package', '--quiet']));
  }
  if (aws !== undefined) all.push(plain('aws-cli', 'aws-cli', [aws, 'cloudformation', 'package']));
  return all.filter(({ name }) => isChosen(name, options.contestants));
}

function plain(name: ContestantName, what: string, command: readonly string[]): Contestant {
  return {
    ...{ name, what, bucket: name },
    command: (template, output) => {
      const flags = ['--template-file', template, '--s3-bucket', name, '--output-template-file', output];
      return [...command, ...flags];
    },
  };
}

/** Where a contestant keeps what it may lose between runs. */
export function memoryOf({ name }: Contestant, scratch: string): string {
  return path.join(scratch, 'memory', name);
}

/** Nothing of whoever runs this: neither settings nor certificates, which Node.js reads at its start. */
export function environmentOf(contestant: Contestant, endpoint: string, scratch: string): Record<string, string> {
  const home = path.join(scratch, 'home', contestant.name);
  mkdirSync(home, { recursive: true });
  return {
    ...{
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      TMPDIR: process.env['TMPDIR'] ?? '/tmp',
      LANG: 'C.UTF-8',
      CI: 'true',
    },
    ...{ AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' },
    ...{ AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
    CFN_ARTIFACTS_CACHE: memoryOf(contestant, scratch),
  };
}
