/** Where the table differs from the list of properties that was gathered for it, and why: `type path` → reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'AWS::MWAA::Environment PluginsS3Path':
    'SourceBucketArn, required beside it, is the bucket of the DAG folder, and the file must lie there',
  'AWS::MWAA::Environment RequirementsS3Path':
    'SourceBucketArn, required beside it, is the bucket of the DAG folder, and the file must lie there',
  'AWS::MWAA::Environment StartupScriptS3Path':
    'SourceBucketArn, required beside it, is the bucket of the DAG folder, and the file must lie there',
};

/** The path in the table, where it is another. */
export const OTHER_PATH: Readonly<Record<string, string>> = {
  // A config, named by the author, stands between.
  '*/Metadata/AWS::CloudFormation::Init files.{}.source': '{}.files.{}.source',
  '*/Metadata/AWS::CloudFormation::Init sources.{}': '{}.sources.{}',
};

/** What is wanted, where it is not what the list says of the content. */
export const OTHER_CONTENT: Readonly<Record<string, { readonly wanted: string; readonly reason: string }>> = {
  'AWS::Config::ConformancePack TemplateS3Uri': {
    wanted: 'template',
    reason: 'a conformance pack is a template, and what it names is packaged as well',
  },
  'AWS::Config::OrganizationConformancePack TemplateS3Uri': {
    wanted: 'template',
    reason: 'a conformance pack is a template, and what it names is packaged as well',
  },
  'Fn::Transform/AWS::Include Parameters.Location': {
    wanted: 'fragment',
    reason: 'what an included file names is packaged as well',
  },
  'Transform/AWS::Include Parameters.Location': {
    wanted: 'fragment',
    reason: 'what an included file names is packaged as well',
  },
  'AWS::Glue::Job Command.ScriptLocation': {
    wanted: 'archive-or-file',
    reason: 'aws-cli takes a folder there, too',
  },
};
