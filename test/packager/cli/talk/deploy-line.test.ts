import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  capabilitiesOf,
  formatSuccess,
  hasNestedStacks,
  samBytesOf,
} from '../../../../packager/cli/talk/deploy-line.ts';
import type { TemplateNode } from '../../../../packager/template/node.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const LINE = {
  outputFile: 'out.yaml',
  cwd: '/work/shop',
  templateBytes: 51_200,
  sam: false,
  capabilities: [],
} as const;

describe('formatSuccess()', () => {
  test('is the text of aws cloudformation package', () => {
    expect(formatSuccess(LINE)).toBe(
      '\nSuccessfully packaged artifacts and wrote output template to file out.yaml.\n' +
        'Execute the following command to deploy the packaged template\n' +
        'aws cloudformation deploy --template-file /work/shop/out.yaml --stack-name <YOUR STACK NAME>\n',
    );
  });

  test('is the text of sam package in a SAM project', () => {
    expect(formatSuccess({ ...LINE, sam: true, samProject: true })).toBe(
      '\nSuccessfully packaged artifacts and wrote output template to file out.yaml.\n' +
        'Execute the following command to deploy the packaged template\n' +
        'sam deploy --template-file /work/shop/out.yaml --stack-name <YOUR STACK NAME>\n',
    );
  });

  test('offers both for a SAM template elsewhere', () => {
    const lines = formatSuccess({ ...LINE, sam: true, capabilities: ['CAPABILITY_IAM'] }).split('\n');
    const options = '--template-file /work/shop/out.yaml --stack-name <YOUR STACK NAME> --capabilities CAPABILITY_IAM';
    expect(lines.slice(3)).toEqual([
      `aws cloudformation deploy ${options}`,
      `(or, the same: sam deploy ${options})`,
      '',
    ]);
  });

  test('is for the Region and by the profile that were given', () => {
    const lines = formatSuccess({ ...LINE, sam: true, region: 'eu-west-1', profile: 'my team' }).split('\n');
    const options =
      "--template-file /work/shop/out.yaml --stack-name <YOUR STACK NAME> --region eu-west-1 --profile 'my team'";
    expect(lines.slice(3)).toEqual([
      `aws cloudformation deploy ${options}`,
      `(or, the same: sam deploy ${options})`,
      '',
    ]);
  });

  test('sends a template over 51,200 bytes by way of S3', () => {
    const large = { ...LINE, templateBytes: 51_201 };
    expect(formatSuccess({ ...large, bucket: 'b', scratchPrefix: 'scratch' })).toContain(
      ' --stack-name <YOUR STACK NAME> --s3-bucket b --s3-prefix scratch\n',
    );
    expect(formatSuccess({ ...large, bucket: 'b' })).toContain(' --s3-bucket b\n');
    expect(formatSuccess(large)).toContain(' --s3-bucket <YOUR BUCKET>\n');
    expect(formatSuccess({ ...LINE, bucket: 'b' })).not.toContain('--s3-bucket');
  });

  test('keeps the file as given and quotes its path where a shell needs it', () => {
    const text = formatSuccess({ ...LINE, outputFile: "../it's out.yaml" });
    expect(text).toContain("to file ../it's out.yaml.\n");
    expect(text).toContain(String.raw`--template-file '/work/it'\''s out.yaml' --stack-name`);
  });
});

describe('formatSuccess() in a project with a samconfig', () => {
  const CONFIG = { path: '/work/shop/samconfig.toml', stackName: true, capabilities: [], bucket: false } as const;
  const PROJECT = { ...LINE, sam: true, samProject: true, config: CONFIG } as const;

  function deployed(line: Parameters<typeof formatSuccess>[0]): string {
    return /^sam deploy .*$/m.exec(formatSuccess(line))?.[0] ?? '';
  }

  test('repeats nothing of what the file says', () => {
    const capabilities = ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'] as const;
    expect(deployed({ ...PROJECT, capabilities, config: { ...CONFIG, capabilities: ['CAPABILITY_NAMED_IAM'] } })).toBe(
      'sam deploy --template-file /work/shop/out.yaml',
    );
    expect(deployed({ ...PROJECT, capabilities, config: { ...CONFIG, stackName: false } })).toBe(
      'sam deploy --template-file /work/shop/out.yaml --stack-name <YOUR STACK NAME> --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND',
    );
  });

  test('adds to capabilities that do not do', () => {
    const line = { ...PROJECT, config: { ...CONFIG, capabilities: ['CAPABILITY_IAM'] } };
    expect(deployed({ ...line, capabilities: ['CAPABILITY_NAMED_IAM'] })).toContain(
      ' --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM',
    );
    const nested = { ...line, capabilities: ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'], nested: true } as const;
    expect(deployed(nested)).toContain(' --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND');
  });

  test('names the file where SAM would not look for it, and the environment', async () => {
    const elsewhere = { ...PROJECT, outputFile: 'out/packaged.yaml', config: { ...CONFIG, environment: 'prod' } };
    expect(deployed(elsewhere)).toBe(
      'sam deploy --template-file /work/shop/out/packaged.yaml --config-file /work/shop/samconfig.toml --config-env prod',
    );
    const cwd = await temporaryFolder();
    const yaml = { ...PROJECT, cwd, config: { ...CONFIG, path: path.join(cwd, 'samconfig.yaml') } };
    expect(deployed(yaml)).toBe(`sam deploy --template-file ${cwd}/out.yaml`);
    writeFileSync(path.join(cwd, 'samconfig.toml'), '');
    expect(deployed(yaml)).toBe(`sam deploy --template-file ${cwd}/out.yaml --config-file ${cwd}/samconfig.yaml`);
  });

  test('has a bucket for a template that SAM makes too large, in one place', () => {
    expect(deployed(PROJECT)).not.toContain('s3');
    const large = { ...PROJECT, samBytes: 1 };
    expect(deployed(large)).toContain(' --resolve-s3');
    expect(deployed({ ...large, bucket: 'b', scratchPrefix: 'scratch' })).toContain(
      ' --s3-bucket b --s3-prefix scratch',
    );
    expect(deployed({ ...large, bucket: 'b', config: { ...CONFIG, bucket: true } })).not.toContain('s3');
  });

  test('counts what SAM adds', () => {
    const template = node({ Resources: { A: { Type: 'X' }, Bcd: { Type: 'AWS::Serverless::Application' } } });
    expect(samBytesOf(template)).toBe(2 * '    Metadata:\n      SamResourceId: \n'.length + 4);
    expect(hasNestedStacks(template)).toBe(true);
    expect(hasNestedStacks(node({ Resources: { A: { Type: 'X' } } }))).toBe(false);
  });
});

/** A template's tree, as far as its values go. */
function node(value: unknown): TemplateNode {
  const place = { start: 0, end: 0, style: 'flow' } as const;
  if (Array.isArray(value)) return { ...place, kind: 'list', items: value.map(node) };
  if (typeof value !== 'object' || value === null) return { ...place, kind: 'scalar', value: value as string };
  const entries = Object.entries(value).map(([key, child]: [string, unknown]) => ({
    ...{ key, keyStart: 0, keyEnd: 0 },
    value: node(child),
  }));
  return { ...place, kind: 'map', entries, short: false };
}

describe('capabilitiesOf()', () => {
  const resources = (...list: object[]): object => ({
    Resources: Object.fromEntries(list.map((one, index) => [`R${index}`, one])),
  });

  test.each<[string, object, string[]]>([
    ['nothing', resources({ Type: 'AWS::S3::Bucket', Properties: { RoleName: 'x' } }), []],
    ['IAM resources', resources({ Type: 'AWS::IAM::Role', Properties: {} }), ['CAPABILITY_IAM']],
    ['IAM resources without properties', resources({ Type: 'AWS::IAM::User' }), ['CAPABILITY_IAM']],
    [
      'an inline policy, whose name is none of its own',
      resources({ Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'x' } }),
      ['CAPABILITY_IAM'],
    ],
    [
      'named IAM resources, which say it for all',
      resources(
        { Type: 'AWS::IAM::Role' },
        { Type: 'AWS::IAM::ManagedPolicy', Properties: { ManagedPolicyName: 'x' } },
      ),
      ['CAPABILITY_NAMED_IAM'],
    ],
    [
      'IAM resources of a loop',
      { Resources: { 'Fn::ForEach::Roles': ['N', ['a'], { 'Role${N}': { Type: 'AWS::IAM::Role' } }] } },
      ['CAPABILITY_IAM'],
    ],
    [
      'the SAM transform and the roles that it makes',
      { Transform: 'AWS::Serverless-2016-10-31', ...resources({ Type: 'AWS::Serverless::Function' }) },
      ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
    ],
    [
      'a macro in the middle',
      resources({ Type: 'X', Properties: { 'Fn::Transform': { Name: 'M' } } }),
      ['CAPABILITY_AUTO_EXPAND'],
    ],
    ['nested stacks', resources({ Type: 'AWS::CloudFormation::Stack' }), ['CAPABILITY_AUTO_EXPAND']],
  ])('for %s', (_what, template, expected) => {
    expect(capabilitiesOf([node(template)])).toEqual(expected);
  });

  test('for all templates of a nest together', () => {
    const outer = node(resources({ Type: 'AWS::CloudFormation::Stack' }));
    const inner = node(resources({ Type: 'AWS::IAM::Group', Properties: { GroupName: 'x' } }));
    expect(capabilitiesOf([outer, inner])).toEqual(['CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND']);
  });
});
