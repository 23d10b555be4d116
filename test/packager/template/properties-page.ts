import type { PropertyEntry } from '../../../packager/template/properties/property.ts';

/** docs/properties.md: the table for people. */
export function propertiesPage(entries: readonly PropertyEntry[]): string {
  const sorted = entries.toSorted((a, b) => compare(a.type, b.type) || compare(a.property, b.property));
  return `${INTRODUCTION}
| Resource type | Property | Becomes | Takes | |
| --- | --- | --- | --- | --- |
${sorted.map(row).join('\n')}
${REST}`;
}

const INTRODUCTION = `# Properties that are packaged

<!-- The table is made from packager/template/properties/*.ts: UPDATE_GOLDEN=1 npm test -- properties.test -->

A path to a file or folder may stand in each of these properties. \`package\` uploads what is there and writes the location in its place.
\`[]\` stands for every item of a list, \`{}\` for every value of a map. Paths are relative to the template.

**Becomes**: what is written. \`{A, B, C}\` is a map of bucket, key and object version (the version only where it is known or needed); of properties that stand side by side only those are written.
A path may also stand in the key member of such a map, if it has no bucket: \`Code: {S3Key: ./src, S3ObjectStorageMode: REFERENCE}\`. The other members then stay.
**Takes**: \`zip\` makes an archive of a folder or a single file, and takes a file that is an archive as it is; \`archive or file\` makes one of a folder and takes a file as it is; a \`template\` and a
\`fragment\` are packaged themselves first.

In properties marked ● (aws-cli or SAM package them) every text but a URL is a path, and it is an error if nothing is there. In the others a text is a path if it begins with \`./\`, \`../\` or \`/\`, or if
something is there.

An artifact may be named in all of them too, by its ARN or as \`repository/id^bookmark\`. In any other property, write \`!Artifact ./path\`.
`;

const REST = `
## Your own

\`--resources FILE\` adds properties, or changes these. The file, in YAML or JSON, maps resource types to paths to entries ([its schema](../schemas/resources.schema.json)):

\`\`\`yaml
Acme::Widget::Firmware:
  Image: {form: uri, wanted: file, suffix: .bin}
  Parts.[].Location: {form: object, members: {bucket: Bucket, key: Key, version: Version}, wanted: archive-or-file}
\`\`\`

| Member | Meaning |
| --- | --- |
| \`form\` | \`uri\` (s3://bucket/key), \`https-url\`, \`object\`, \`siblings\` (the members are properties side by side, the path leads to the key), \`arn\` (of the S3 object), \`bucket/key\`, \`artifact-arn\` |
| \`wanted\` | \`zip\`, \`archive-or-file\`, \`file\`, \`template\` |
| \`members\` | of \`object\` and \`siblings\`: names of the members \`bucket\` (or \`bucketArn\`, if it takes an ARN), \`key\` and perhaps \`version\`; of \`uri\`: the property takes such a map as well |
| \`version\` | of \`uri\`: the member beside it that takes the object's version |
| \`suffix\` | what the file's name must end in; one or a list |
| \`prefix\` | what the value begins with before the path; one or a list |
| \`separator\` | \`,\`: several paths in one text |
| \`when\` | a map of paths to values: only where these members have them |
| \`leave\` | values that are no path, a \`*\` at the end for any rest; one or a list |
| \`core\` | every text but a URL is a path |
| \`explicit\` | only what begins with \`./\` or \`../\` and is there is a path |
| \`url\` | the service takes http(s) URLs too |
| \`literal\` | intrinsic functions are not evaluated there |
| \`detached\` | the template behind it is deployed where there may be no domain |
| \`storageMode\` | the member beside the key that says \`REFERENCE\` where the service reads the object in place |
| \`orFolder\` | the template's folder where the property is absent, with \`--zip-template-dir-when-absent\` |
| \`note\` | for people |

A path is members joined by dots; a dot that belongs to a name is written \`\\.\`.

## Left out

The file paths of \`AWS::MWAA::Environment\` are relative to \`SourceBucketArn\`, the bucket of the DAG folder, and the files must lie there: no packager can put them elsewhere. What takes a folder of S3 with many objects in it
(\`AWS::GameLiftStreams::Application\`, \`AWS::SageMaker::Cluster\` …) takes no artifact.
`;

function row(entry: PropertyEntry): string {
  const { type, property, wanted, core } = entry;
  const cells = [
    code(type),
    `${code(property)}${core ? ' ●' : ''}`,
    becomes(entry),
    wanted.replaceAll('-', ' '),
    remarks(entry),
  ];
  return `| ${cells.join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function becomes({ form }: PropertyEntry): string {
  switch (form.kind) {
    case 'uri':
      return form.objectFields === undefined ? '`s3://…`' : `\`s3://…\` or ${members(form.objectFields)}`;
    case 'object':
      return members(form.fields);
    case 'https-url':
      return '`https://…`';
    case 'arn':
      return '`arn:aws:s3:::…`';
    case 'bucket/key':
      return '`bucket/key`';
    case 'artifact':
      return 'the artifact’s ARN';
  }
}

function members({ bucket, key, version }: { bucket: string; key: string; version?: string }): string {
  return code(`{${[bucket, key, ...(version === undefined ? [] : [version])].join(', ')}}`);
}

function remarks(entry: PropertyEntry): string {
  const { form, suffix, prefix, separator, when, leave, literal, detached, note } = entry;
  const remarks = [
    ...when.map(({ path, value }) => {
      const member = path.at(-1);
      return `where \`${member?.kind === 'member' ? member.name : ''}\` is \`${value}\``;
    }),
    ...(suffix.length > 0 ? [`name ends in ${suffix.map(code).join(', ')}`] : []),
    ...(prefix.length > 0 ? [`behind ${prefix.map(code).join(' or ')}`] : []),
    ...(separator === undefined ? [] : ['several, separated by commas']),
    ...(leave.length > 0 ? [`never ${leave.map(code).join(', ')}`] : []),
    ...(form.kind === 'uri' && form.versionSibling !== undefined ? [`version in \`${form.versionSibling}\``] : []),
    ...(form.kind === 'object' && form.inKey ? ['properties side by side'] : []),
    ...(literal ? ['a literal'] : []),
    ...(detached ? ['deployed elsewhere, so it holds literals'] : []),
    ...(note === undefined ? [] : [note]),
  ];
  return remarks.join('; ');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
