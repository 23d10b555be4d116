import type { WrittenTable } from './property.ts';
import {
  ARCHIVE_OR_FILE,
  BUCKET_KEY_VERSION,
  FILE,
  FILE_URL,
  FRAGMENT,
  TEMPLATE,
  TEMPLATE_URL,
  ZIP,
  object,
} from './shapes.ts';

/** What aws-cli and SAM package, and what is like it: CloudFormation, Lambda, SAM, API definitions. */
export const CORE_PROPERTIES: WrittenTable = {
  'AWS::ApiGateway::DomainName': {
    'MutualTlsAuthentication.TruststoreUri': { ...FILE, version: 'TruststoreVersion' },
  },
  'AWS::ApiGateway::RestApi': {
    BodyS3Location: { ...object('file', 'Bucket', 'Key', 'Version'), core: true },
  },
  'AWS::ApiGatewayV2::Api': {
    BodyS3Location: { ...object('file', 'Bucket', 'Key', 'Version'), core: true },
  },
  'AWS::ApiGatewayV2::DomainName': {
    'MutualTlsAuthentication.TruststoreUri': { ...FILE, version: 'TruststoreVersion' },
  },
  'AWS::AppSync::ChannelNamespace': {
    CodeS3Location: FILE,
  },
  'AWS::AppSync::FunctionConfiguration': {
    CodeS3Location: { ...FILE, core: true },
    RequestMappingTemplateS3Location: { ...FILE, core: true },
    ResponseMappingTemplateS3Location: { ...FILE, core: true },
  },
  'AWS::AppSync::GraphQLSchema': {
    DefinitionS3Location: { ...FILE, core: true },
  },
  'AWS::AppSync::Resolver': {
    CodeS3Location: { ...FILE, core: true },
    RequestMappingTemplateS3Location: { ...FILE, core: true },
    ResponseMappingTemplateS3Location: { ...FILE, core: true },
  },
  'AWS::CloudFormation::ChangeSet': {
    TemplateURL: TEMPLATE_URL,
  },
  'AWS::CloudFormation::GuardHook': {
    'Options.InputParams.Uri': { ...FILE, version: 'VersionId' },
    'Options.InputParams.[].Uri': { ...FILE, version: 'VersionId' },
    'RuleLocation.Uri': { ...ARCHIVE_OR_FILE, version: 'VersionId', suffix: ['.guard', '.zip', '.tar.gz'] },
  },
  'AWS::CloudFormation::HookVersion': {
    SchemaHandlerPackage: ARCHIVE_OR_FILE,
  },
  'AWS::CloudFormation::ModuleVersion': {
    ModulePackage: { ...ARCHIVE_OR_FILE, core: true, orFolder: true },
  },
  'AWS::CloudFormation::ResourceVersion': {
    SchemaHandlerPackage: { ...ARCHIVE_OR_FILE, core: true, orFolder: true },
  },
  'AWS::CloudFormation::Stack': {
    TemplateURL: { ...TEMPLATE_URL, core: true },
  },
  'AWS::CloudFormation::StackSet': {
    'StackInstancesGroup.[].DeploymentTargets.AccountsUrl': FILE_URL,
    TemplateURL: { ...TEMPLATE_URL, core: true, detached: true },
  },
  'AWS::CodeCommit::Repository': {
    'Code.S3': { ...object('zip', 'Bucket', 'Key', 'ObjectVersion'), core: true },
  },
  'AWS::Config::ConformancePack': {
    TemplateS3Uri: { ...TEMPLATE, detached: true },
  },
  'AWS::Config::OrganizationConformancePack': {
    TemplateS3Uri: { ...TEMPLATE, detached: true },
  },
  'AWS::ElasticBeanstalk::ApplicationVersion': {
    SourceBundle: { ...object('archive-or-file', 'S3Bucket', 'S3Key'), core: true, orFolder: true },
  },
  'AWS::Glue::Job': {
    'Command.ScriptLocation': { ...ARCHIVE_OR_FILE, core: true, orFolder: true },
  },
  'AWS::Lambda::Function': {
    Code: {
      ...object('zip', 'S3Bucket', 'S3Key', 'S3ObjectVersion'),
      core: true,
      storageMode: 'S3ObjectStorageMode',
      orFolder: true,
    },
  },
  'AWS::Lambda::LayerVersion': {
    Content: {
      ...object('zip', 'S3Bucket', 'S3Key', 'S3ObjectVersion'),
      core: true,
      storageMode: 'S3ObjectStorageMode',
      orFolder: true,
    },
  },
  'AWS::SageMaker::Project': {
    'TemplateProviderDetails.[].CfnTemplateProviderDetail.TemplateURL': { ...TEMPLATE_URL, detached: true },
  },
  'AWS::Serverless::Api': {
    DefinitionUri: { ...FILE, members: BUCKET_KEY_VERSION, core: true },
    'Domain.MutualTlsAuthentication.TruststoreUri': { ...FILE, version: 'TruststoreVersion' },
  },
  'AWS::Serverless::Application': {
    Location: { ...TEMPLATE_URL, core: true, literal: true },
  },
  'AWS::Serverless::Function': {
    CodeUri: { ...ZIP, members: BUCKET_KEY_VERSION, core: true, storageMode: 'StorageMode', orFolder: true },
  },
  'AWS::Serverless::GraphQLApi': {
    'Functions.{}.CodeUri': { ...FILE, core: true, literal: true },
    'Resolvers.{}.{}.CodeUri': { ...FILE, core: true, literal: true },
    SchemaUri: { ...FILE, core: true, literal: true },
  },
  'AWS::Serverless::HttpApi': {
    DefinitionUri: { ...FILE, members: BUCKET_KEY_VERSION, core: true },
    'Domain.MutualTlsAuthentication.TruststoreUri': { ...FILE, version: 'TruststoreVersion' },
  },
  'AWS::Serverless::LayerVersion': {
    ContentUri: { ...ZIP, members: BUCKET_KEY_VERSION, core: true, storageMode: 'StorageMode', orFolder: true },
  },
  'AWS::Serverless::StateMachine': {
    DefinitionUri: { ...object('file', 'Bucket', 'Key', 'Version'), core: true },
  },
  'AWS::ServiceCatalog::CloudFormationProduct': {
    'ProvisioningArtifactParameters.[].Info.LoadTemplateFromURL': {
      ...TEMPLATE_URL,
      detached: true,
      note: 'launched wherever the product is shared to',
    },
  },
  'AWS::StepFunctions::StateMachine': {
    DefinitionS3Location: { ...object('file', 'Bucket', 'Key', 'Version'), core: true },
  },
  // The resource of this very project, where the author wrote it.
  'Custom::ArtifactRef': {
    ArtifactArn: { form: 'artifact-arn', wanted: 'archive-or-file', core: true, literal: true },
    'ArtifactArns.[]': { form: 'artifact-arn', wanted: 'archive-or-file', core: true, literal: true },
    'ArtifactArns.[].Arn': { form: 'artifact-arn', wanted: 'archive-or-file', core: true, literal: true },
  },
  'Fn::Transform/AWS::Include': {
    'Parameters.Location': { ...FRAGMENT, core: true, literal: true },
  },
  'Metadata/AWS::ServerlessRepo::Application': {
    LicenseUrl: { ...FILE, core: true, literal: true, url: true },
    ReadmeUrl: { ...FILE, core: true, literal: true, url: true },
  },
  'Transform/AWS::Include': {
    'Parameters.Location': { ...FRAGMENT, literal: true, core: true },
  },
};
