import { describe, expect, test } from '@jest/globals';
import { at } from '../../support/json-pointer.ts';
import { TestProject } from '../../support/project.ts';

const code = (value: string): string =>
  `\n    Type: AWS::Lambda::Function\n    Properties:\n      Handler: i.h\n      Code: ${value}\n`;

function referencesIn(data: unknown): Record<string, Record<string, unknown>> {
  const resources = at(data, '/Resources') as Record<string, { Type: string; Properties: Record<string, unknown> }>;
  const all = Object.entries(resources).filter(([, { Type }]) => Type === 'Custom::ArtifactRef');
  return Object.fromEntries(all.map(([id, { Properties }]) => [id, Properties]));
}

describe('one artifact', () => {
  test('that any of its users reads in place is pinned for all, in whatever order they stand', async () => {
    const lasting = '{S3Key: ./src, S3ObjectStorageMode: REFERENCE}';
    for (const [first, second] of [
      [lasting, './src'],
      ['./src', lasting],
    ] as const) {
      const project = await TestProject.of({
        'src/x': '1',
        'template.yaml': `Resources:\n  A:${code(first)}  B:${code(second)}`,
      });
      const { data } = await project.package();
      expect(referencesIn(data)).toMatchObject({ SrcArtifact: { Pinned: true } });
      const [inPlace, copied] = first === lasting ? ['A', 'B'] : ['B', 'A'];
      expect(at(data, `/Resources/${inPlace}/Properties/Code/S3ObjectVersion`)).toEqual({
        'Fn::GetAtt': 'SrcArtifact.ObjectVersion',
      });
      expect(at(data, `/Resources/${copied}/Properties/Code`)).not.toHaveProperty('S3ObjectVersion');
    }
  });

  test('chosen by a bookmark is another reference than by its number: what chose it is on record', async () => {
    const project = await TestProject.of({ 'src/x': '1', 'template.yaml': '' });
    const arn = (await project.run('publish', 'src', '--id', 'lib', '--domain', 'file:../domain')).stdout.trim();
    project.write({ '../domain/bookmarks/default/lib/!/prod@1': '{"number":1}\n' });
    project.write({ 'template.yaml': `Resources:\n  A:${code(arn)}  B:${code('default/lib^prod')}` });
    const { data, exitCode, stderr } = await project.package();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const chosen = Object.values(referencesIn(data)).map(({ ArtifactArn, ResolvedFrom }) => [
      ArtifactArn,
      ResolvedFrom,
    ]);
    expect(chosen).toHaveLength(2);
    expect(chosen).toEqual(
      expect.arrayContaining([
        [arn, undefined],
        [arn, 'default/lib^prod'],
      ]),
    );
  });

  test('that only the application repository reads has no reference', async () => {
    const project = await TestProject.of({
      'LICENSE.txt': 'free',
      'template.yaml':
        'Metadata:\n  AWS::ServerlessRepo::Application: {Name: a, LicenseUrl: LICENSE.txt}\nResources:\n  T: {Type: AWS::SNS::Topic}\n',
    });
    const { data, exitCode } = await project.package();
    expect(exitCode).toBe(0);
    expect(at(data, '/Metadata/AWS::ServerlessRepo::Application/LicenseUrl')).toMatch(/LICENSE\.txt$/);
    expect(referencesIn(data)).toEqual({});
  });
});
