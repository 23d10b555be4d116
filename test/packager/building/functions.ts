/** A SAM template of functions that are built, each with lines of its own below Properties and BuildProperties. */
export function samTemplate(
  functions: Readonly<Record<string, { readonly properties: readonly string[]; readonly build?: readonly string[] }>>,
  ...sections: readonly string[]
): string {
  const resources = Object.entries(functions).map(([id, { properties, build = [] }]) =>
    [
      `  ${id}:`,
      '    Type: AWS::Serverless::Function',
      '    Metadata:',
      '      BuildMethod: esbuild',
      ...(build.length === 0 ? [] : ['      BuildProperties:', ...build.map((line) => `        ${line}`)]),
      '    Properties:',
      ...properties.map((line) => `      ${line}`),
      '      Runtime: nodejs22.x',
    ].join('\n'),
  );
  return `${['Transform: AWS::Serverless-2016-10-31', ...sections, 'Resources:', ...resources].join('\n')}\n`;
}
