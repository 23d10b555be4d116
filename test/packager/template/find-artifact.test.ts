import { describe, expect, test } from '@jest/globals';
import { find, findInResource, messages, onlyPlace, shown, warned } from './search.ts';

const inTag = (value: string) => findInResource('AWS::SNS::Topic', `{Tags: [{Key: k, Value: ${value}}]}`);

describe('Fn::Artifact', () => {
  test.each([
    '!Artifact ./model',
    '{Fn::Artifact: ./model}',
    '!Artifact {Path: ./model}',
    '{Fn::Artifact: {Path: ./model}}',
  ])('%s is the URI of what is at the path', (value) => {
    const found = inTag(value);
    expect(shown(found)).toEqual(['/Resources/R/Properties/Tags/0/Value = ./model']);
    expect(onlyPlace(found)).toEqual({
      pointer: '/Resources/R/Properties/Tags/0/Value',
      position: { file: 't.yaml', line: 4, column: 41 },
      resource: 'R',
      type: 'Fn::Artifact',
      property: 'Tags.0.Value',
      absent: false,
      wanted: 'archive-or-file',
      targets: [{ values: [], target: { kind: 'path', path: './model' } }],
      loop: [],
      form: { kind: 'artifact', member: 'Uri' },
      literal: false,
      detached: false,
      pinned: false,
      needsArn: false,
    });
  });

  test.each(['Uri', 'Url', 'Arn', 'Bucket', 'Key', 'ObjectVersion', 'Digest', 'CodeSha256'])(
    'takes the form %s',
    (member) => {
      const place = onlyPlace(inTag(`!Artifact {Path: ./model, Form: ${member}}`));
      expect(place.form).toEqual({ kind: 'artifact', member });
      expect(place.needsArn).toBe(member === 'Arn');
    },
  );

  test.each([
    ['true', 'zip'],
    ['"true"', 'zip'],
    ['false', 'file'],
    ['"false"', 'file'],
  ])('Zip: %s wants %s', (zip, wanted) => {
    expect(onlyPlace(inTag(`!Artifact {Path: ./model, Zip: ${zip}}`)).wanted).toBe(wanted);
  });

  test('Name names the artifact', () => {
    expect(onlyPlace(inTag('!Artifact {Path: ./model, Name: models/small}')).name).toBe('models/small');
  });

  test('joined with other text in a property of the table is packaged where it stands, and the rest is nothing to warn of', () => {
    const found = findInResource(
      'AWS::AppSync::FunctionConfiguration',
      "{CodeS3Location: !Join ['', [!Artifact ./code.js]]}",
    );
    expect(shown(found)).toEqual(['/Resources/R/Properties/CodeS3Location/Fn::Join/1/0 = ./code.js']);
    expect(warned(found)).toEqual([]);
  });

  test('stands anywhere, as a literal where nothing is evaluated', () => {
    const found = find(
      `Parameters: {P: {Type: String, Default: !Artifact ./p}}
Mappings: {M: {a: {Key: !Artifact {Path: ./m, Form: Key}}}}
Metadata: {X: !Artifact ./x}
Globals: {Function: {Environment: {Variables: {G: !Artifact ./g}}}}
Conditions: {C: !Equals [!Artifact ./c, d]}
Resources:
  R:
    Type: AWS::SNS::Topic
    DependsOn: []
    UpdatePolicy: {X: !Artifact ./u}
    Metadata: {Y: !Artifact ./y}
    Properties:
      Name: !Sub ['\${A}', {A: !Artifact ./n}]
      Fn::Transform: {Name: Macro, Parameters: {P: !Artifact ./t}}
Outputs: {O: {Value: !Join ['', [a, !Artifact ./o]]}}
`,
    );
    expect(found.problems).toEqual([]);
    expect(
      found.places.map(
        ({ targets: [one], literal }) => `${one?.target.kind === 'path' ? one.target.path : ''} ${literal}`,
      ),
    ).toEqual([
      './p true',
      './m true',
      './x true',
      './g false',
      './c true',
      './u true',
      './y false',
      './n false',
      './t true',
      './o false',
    ]);
    expect(found.places[7]).toMatchObject({ resource: 'R', property: 'Name.Fn::Sub.1.A' });
    expect(found.places[9]).toMatchObject({ property: 'O.Value.Fn::Join.1.1' });
  });

  test('takes paths from parameters', () => {
    const source = `Parameters: {P: {Type: String, Default: small}, Q: {Type: String}}
Resources: {R: {Type: AWS::SNS::Topic, Properties: {A: !Artifact {Path: !Sub './models/\${P}'}, B: {Fn::Artifact: !Ref P}}}}`;
    expect(shown(find(source))).toEqual([
      '/Resources/R/Properties/A = ./models/small',
      '/Resources/R/Properties/B = small',
    ]);
    const [unknown] = messages(find(source.replaceAll('!Ref P', '!Ref Q')));
    expect(unknown).toMatch(
      /^t\.yaml:2:\d+: B of 'R' \(Fn::Artifact\): the path of 'Fn::Artifact' is not known before the deploy, because the parameter 'Q' has no value yet$/,
    );
  });

  test.each([
    [
      '!Artifact arn:aws:artifacts:eu-west-1:111122223333:default/x:1',
      'artifact arn:aws:artifacts:eu-west-1:111122223333:default/x:1',
    ],
    ['!Artifact default/x^prod', 'artifact default/x^prod'],
    ['!Artifact s3://b/k', 's3 b k'],
    ['!Artifact {Path: "s3://b/k?versionId=1", Form: ObjectVersion}', 's3 b k 1'],
    ['!Artifact {Path: "s3://b/k", Form: Bucket}', 's3 b k'],
  ])('%s works where a path works', (value, target) => {
    expect(shown(inTag(value))).toEqual([`/Resources/R/Properties/Tags/0/Value = ${target}`]);
  });
});

describe('Fn::Artifact in a property that is packaged anyway', () => {
  test('takes the form of the property, and keeps what else it says', () => {
    const found = findInResource('AWS::Lambda::Function', '{Code: !Artifact {Path: ./src, Name: api}}');
    expect(onlyPlace(found)).toMatchObject({
      pointer: '/Resources/R/Properties/Code',
      type: 'AWS::Lambda::Function',
      property: 'Code',
      wanted: 'zip',
      form: { kind: 'object', inKey: false },
      name: 'api',
    });
  });

  test('unless it names one', () => {
    const found = findInResource(
      'AWS::Serverless::Application',
      '{Location: !Artifact {Path: ./a.yaml, Form: Url, Zip: false}}',
    );
    expect(onlyPlace(found)).toMatchObject({
      form: { kind: 'artifact', member: 'Url' },
      wanted: 'file',
      literal: true,
    });
  });

  test('in the branches of Fn::If, however deep', () => {
    const code = '{Code: !If [A, !Artifact ./a, !If [B, !Artifact {Path: ./b, Form: Uri}, {S3Bucket: b, S3Key: k}]]}';
    const found = findInResource('AWS::Lambda::Function', code);
    expect(shown(found)).toEqual([
      '/Resources/R/Properties/Code/Fn::If/1 = ./a',
      '/Resources/R/Properties/Code/Fn::If/2/Fn::If/1 = ./b',
    ]);
    expect(found.places[0]).toMatchObject({ property: 'Code', wanted: 'zip', form: { kind: 'object', inKey: false } });
    expect(found.places[1]).toMatchObject({
      property: 'Code',
      wanted: 'zip',
      form: { kind: 'artifact', member: 'Uri' },
    });
    expect(found.warnings).toEqual([]);
    const mixed = findInResource('AWS::Lambda::Function', '{Code: !If [A, !Artifact ./a, ./b]}');
    expect(mixed.places).toHaveLength(1);
    expect(warned(mixed)).toEqual(['unresolved-path 4:24']);
  });

  test('a key without a bucket, too', () => {
    const found = findInResource(
      'AWS::Lambda::Function',
      '{Code: {S3Key: !Artifact ./src, S3ObjectStorageMode: REFERENCE}}',
    );
    expect(onlyPlace(found)).toMatchObject({
      pointer: '/Resources/R/Properties/Code/S3Key',
      form: { kind: 'object', inKey: true },
      pinned: true,
    });
  });

  test('bucket and key by themselves', () => {
    const found = findInResource(
      'AWS::Lambda::Function',
      '{Code: {S3Bucket: !Artifact {Path: ./src, Form: Bucket, Zip: true}, S3Key: !Artifact {Path: ./src, Form: Key, Zip: true}}}',
    );
    expect(found.problems).toEqual([]);
    expect(
      found.places.map(({ pointer, form, wanted }) => [pointer, form.kind === 'artifact' && form.member, wanted]),
    ).toEqual([
      ['/Resources/R/Properties/Code/S3Bucket', 'Bucket', 'zip'],
      ['/Resources/R/Properties/Code/S3Key', 'Key', 'zip'],
    ]);
  });
});

describe('Fn::Artifact that is wrong', () => {
  test.each([
    ['!Artifact {Form: Key}', "4:51: Tags.0.Value of 'R' (Fn::Artifact): 'Fn::Artifact' has no Path"],
    [
      '!Artifact {Path: ./x, form: Key}',
      "4:63: Tags.0.Value of 'R' (Fn::Artifact): 'Fn::Artifact' has no member 'form'",
    ],
    [
      '!Artifact {Path: ./x, Form: URI}',
      "4:69: Tags.0.Value of 'R' (Fn::Artifact): 'URI' is no form of 'Fn::Artifact'",
    ],
    [
      '!Artifact {Path: ./x, Form: [Uri]}',
      "4:69: Tags.0.Value of 'R' (Fn::Artifact): a list is no form of 'Fn::Artifact'",
    ],
    ['!Artifact {Path: ./x, Zip: maybe}', "4:68: Tags.0.Value of 'R' (Fn::Artifact): Zip is 'maybe'"],
    ['!Artifact {Path: ./x, Name: a b}', "4:69: Tags.0.Value of 'R' (Fn::Artifact): 'a b' is no artifact ID"],
    ['!Artifact {Path: ./x, Name: 7}', "4:69: Tags.0.Value of 'R' (Fn::Artifact): Name is '7'"],
    ['!Artifact ""', "4:41: Tags.0.Value of 'R' (Fn::Artifact) names nothing that can be packaged"],
    ['!Artifact https://h/x', "4:41: Tags.0.Value of 'R' (Fn::Artifact) names nothing that can be packaged"],
    ['!Artifact [./x]', "4:41: Tags.0.Value of 'R' (Fn::Artifact): the path of 'Fn::Artifact' is a list, not text"],
    ['!Artifact {Path: {a: b}}', "4:41: Tags.0.Value of 'R' (Fn::Artifact): the path of 'Fn::Artifact' is a map"],
    ['!artifact ./x', "4:41: '!artifact' is no function"],
    ['!Artefact ./x', "4:41: '!Artefact' is no function"],
    ['!ARTIFACT {Path: ./x}', "4:41: '!ARTIFACT' is no function"],
    ['{Fn::artifact: ./x}', "4:42: 'Fn::artifact' is no function"],
    ['{fn::Artifact: ./x}', "4:42: 'fn::Artifact' is no function"],
    ['{Fn:Artifact: ./x}', "4:42: 'Fn:Artifact' is no function"],
    [
      '!Artifact "./x\\n"',
      "4:41: Tags.0.Value of 'R' (Fn::Artifact): nothing is at './x\\n', a path with a line break",
    ],
    ['!Artifact s3://b', "4:41: Tags.0.Value of 'R' (Fn::Artifact): 's3://b' is not s3://BUCKET/KEY"],
    [
      '!Artifact {Path: "s3://b/k", Form: Arn}',
      "4:41: Tags.0.Value of 'R' (Fn::Artifact): that form can't be had of an object",
    ],
    ['!Artifact {Path: "s3://b/k", Form: ObjectVersion}', "that form can't be had of an object"],
    [
      '{Fn::Artifact: ./x, Other: 1}',
      "4:41: Tags.0.Value of 'R' (Fn::Artifact): 'Fn::Artifact' must stand alone in its map",
    ],
  ])('%s', (value, message) => {
    const found = inTag(value);
    expect(found.places).toEqual([]);
    expect(messages(found)).toEqual([expect.stringContaining(message)]);
    expect(found.problems[0]?.remedy).toMatch(/\.$/);
  });

  test.each([
    ['!artifact ./x', 'Write !Artifact.'],
    ['{Fn::artefact: ./x}', 'Write Fn::Artifact.'],
    ['!Artifact [./x]', /^Write !Artifact PATH, or the long form 'Fn::Artifact: \{Path: PATH, Form: Uri\}'/],
  ])('%s: what to write is said', (value, remedy) => {
    expect(inTag(value).problems[0]?.remedy).toMatch(remedy);
  });

  test('a name that is misspelt is an error where a path is packaged, too, and no warning beside', () => {
    const found = findInResource('AWS::Lambda::Function', '{Code: !artifact ./src}', { disk: ['./src/'] });
    expect(messages(found)).toEqual(["t.yaml:4:24: '!artifact' is no function"]);
    expect(found).toMatchObject({ places: [], warnings: [] });
    expect(messages(find('Outputs: {O: {Value: !artifact x}}\nResources: {}\n'))).toHaveLength(1);
    expect(find('Resources: {R: {Type: T, Properties: {Artifact: a, Artifacts: {ArtifactArn: b}}}}').problems).toEqual(
      [],
    );
  });

  test('tells all that is wrong at once', () => {
    expect(messages(inTag('!Artifact {form: x, Zip: 1, Form: y}'))).toHaveLength(4);
  });

  test('wants a domain for an ARN', () => {
    const found = findInResource('AWS::SNS::Topic', '{A: !Artifact {Path: ./x, Form: Arn}}', { hasDomain: false });
    expect(messages(found)).toEqual([
      "t.yaml:4:21: A of 'R' (Fn::Artifact) wants the ARN of an artifact, and only a domain gives ARNs",
    ]);
  });
});
