import type { WrittenTable } from './property.ts';
import { ARCHIVE_OR_FILE, FILE, FILE_ARN, FILE_URL, ZIP, object, objectWithArn } from './shapes.ts';

/** Code, scripts and definitions that services run. */
export const RUNTIME_PROPERTIES: WrittenTable = {
  'AWS::AppStream::AppBlock': {
    'PostSetupScriptDetails.ScriptS3Location': object('file', 'S3Bucket', 'S3Key'),
    'SetupScriptDetails.ScriptS3Location': object('file', 'S3Bucket', 'S3Key'),
    SourceS3Location: object('file', 'S3Bucket', 'S3Key'),
  },
  'AWS::AppStream::Application': {
    IconS3Location: object('file', 'S3Bucket', 'S3Key'),
  },
  'AWS::AppStream::Fleet': {
    SessionScriptS3Location: object('zip', 'S3Bucket', 'S3Key'),
  },
  'AWS::AppTest::TestCase': {
    'Steps.[].Action.MainframeAction.ActionType.Tn3270.Script.ScriptLocation': FILE,
  },
  'AWS::B2BI::Capability': {
    'InstructionsDocuments.[]': object('file', 'BucketName', 'Key'),
  },
  'AWS::Bedrock::Agent': {
    'ActionGroups.[].ApiSchema.S3': object('file', 'S3BucketName', 'S3ObjectKey'),
  },
  'AWS::Bedrock::Flow': {
    DefinitionS3Location: object('file', 'Bucket', 'Key', 'Version'),
  },
  'AWS::Bedrock::Prompt': {
    'Variants.[].TemplateConfiguration.Text.TextS3Location': object('file', 'Bucket', 'Key', 'Version'),
  },
  'AWS::BedrockAgentCore::BrowserCustom': {
    'EnterprisePolicies.[].Location': { ...object('file', 'Bucket', 'Prefix'), note: 'Prefix is the key' },
  },
  'AWS::BedrockAgentCore::Dataset': {
    'Source.S3Source.S3Uri': FILE,
  },
  'AWS::BedrockAgentCore::GatewayTarget': {
    'TargetConfiguration.Http.AgentcoreRuntime.Schema.Source.S3.Uri': FILE,
    'TargetConfiguration.Http.Passthrough.Schema.Source.S3.Uri': FILE,
    'TargetConfiguration.Mcp.Lambda.ToolSchema.S3.Uri': FILE,
    'TargetConfiguration.Mcp.McpServer.McpToolSchema.S3.Uri': FILE,
    'TargetConfiguration.Mcp.OpenApiSchema.S3.Uri': FILE,
    'TargetConfiguration.Mcp.SmithyModel.S3.Uri': FILE,
  },
  'AWS::BedrockAgentCore::Runtime': {
    'AgentRuntimeArtifact.CodeConfiguration.Code.S3': {
      ...object('zip', 'Bucket', 'Prefix', 'VersionId'),
      note: 'Prefix is the key',
    },
  },
  'AWS::CleanRooms::AnalysisTemplate': {
    'Source.Artifacts.AdditionalArtifacts.[].Location': object('archive-or-file', 'Bucket', 'Key'),
    'Source.Artifacts.EntryPoint.Location': object('file', 'Bucket', 'Key'),
  },
  'AWS::CodeBuild::Project': {
    'Environment.Certificate': { ...FILE_ARN, note: 'PEM' },
    'SecondarySources.[].Location': { form: 'bucket/key', wanted: 'zip', when: { 'SecondarySources.[].Type': 'S3' } },
    'Source.BuildSpec': {
      ...FILE_ARN,
      explicit: true,
      note: 'a bare name means a file inside the source, so only ./ and ../ are paths',
    },
    'Source.Location': { form: 'bucket/key', wanted: 'zip', when: { 'Source.Type': 'S3' } },
  },
  'AWS::CodeDeploy::DeploymentGroup': {
    'Deployment.Revision.S3Location': {
      ...object('archive-or-file', 'Bucket', 'Key', 'Version'),
      note: 'BundleType beside the key says what the archive is',
    },
  },
  'AWS::CodeStar::GitHubRepository': {
    'Code.S3': object('zip', 'Bucket', 'Key', 'ObjectVersion'),
  },
  'AWS::EC2::FpgaImage': {
    InputStorageLocation: object('file', 'Bucket', 'Key'),
  },
  'AWS::EMR::Cluster': {
    'BootstrapActions.[].ScriptBootstrapAction.Path': FILE,
    'Steps.[].HadoopJarStep.Jar': { ...FILE, leave: ['command-runner.jar', '/*'] },
  },
  'AWS::EMR::Step': {
    'HadoopJarStep.Jar': { ...FILE, leave: ['command-runner.jar', '/*'] },
  },
  'AWS::EMRContainers::JobTemplate': {
    'JobTemplateData.JobDriver.SparkSqlJobDriver.EntryPoint': FILE,
    'JobTemplateData.JobDriver.SparkSubmitJobDriver.EntryPoint': { ...FILE, leave: ['/*'] },
  },
  'AWS::GameLift::Build': {
    StorageLocation: { ...object('zip', 'Bucket', 'Key', 'ObjectVersion'), note: 'RoleArn stands beside the key' },
  },
  'AWS::GameLift::Script': {
    StorageLocation: { ...object('zip', 'Bucket', 'Key', 'ObjectVersion'), note: 'RoleArn stands beside the key' },
  },
  'AWS::Glue::Blueprint': {
    BlueprintLocation: ZIP,
  },
  'AWS::Glue::DevEndpoint': {
    ExtraJarsS3Path: { ...FILE, separator: ',' },
    ExtraPythonLibsS3Path: { ...ARCHIVE_OR_FILE, separator: ',' },
  },
  'AWS::Glue::Job': {
    'DefaultArguments.--extra-files': { ...FILE, separator: ',' },
    'DefaultArguments.--extra-jars': { ...FILE, separator: ',' },
    'DefaultArguments.--extra-py-files': { ...ARCHIVE_OR_FILE, separator: ',' },
  },
  'AWS::Glue::UserDefinedFunction': {
    'ResourceUris.[].Uri': FILE,
  },
  'AWS::Greengrass::ResourceDefinition': {
    'InitialVersion.Resources.[].ResourceDataContainer.S3MachineLearningModelResourceData.S3Uri': ARCHIVE_OR_FILE,
  },
  'AWS::Greengrass::ResourceDefinitionVersion': {
    'Resources.[].ResourceDataContainer.S3MachineLearningModelResourceData.S3Uri': ARCHIVE_OR_FILE,
  },
  'AWS::ImageBuilder::Component': {
    Uri: FILE,
  },
  'AWS::ImageBuilder::ContainerRecipe': {
    DockerfileTemplateUri: FILE,
  },
  'AWS::ImageBuilder::Workflow': {
    Uri: FILE,
  },
  'AWS::IoT::Job': {
    DocumentSource: FILE_URL,
  },
  'AWS::IoT::JobTemplate': {
    DocumentSource: FILE_URL,
  },
  'AWS::IoT::SoftwarePackageVersion': {
    'Artifact.S3Location': object('file', 'Bucket', 'Key', 'Version'),
    'Sbom.S3Location': object('zip', 'Bucket', 'Key', 'Version'),
  },
  'AWS::IoT::Stream': {
    'Files.[].S3Location': object('file', 'Bucket', 'Key', 'Version'),
  },
  'AWS::IoTTwinMaker::Scene': {
    ContentLocation: { ...FILE, note: "has to lie in the workspace's own bucket: only with --s3-bucket" },
  },
  'AWS::IoTWireless::FuotaTask': {
    FirmwareUpdateImage: FILE,
  },
  'AWS::IoTWireless::TaskDefinition': {
    'Update.UpdateDataSource': FILE,
  },
  'AWS::IoTWireless::WirelessDeviceImportTask': {
    'Sidewalk.DeviceCreationFile': FILE,
  },
  'AWS::KafkaConnect::CustomPlugin': {
    'Location.S3Location': objectWithArn('archive-or-file', 'BucketArn', 'FileKey', 'ObjectVersion'),
  },
  'AWS::KinesisAnalytics::ApplicationReferenceDataSource': {
    'ReferenceDataSource.S3ReferenceDataSource': objectWithArn('file', 'BucketARN', 'FileKey'),
  },
  'AWS::KinesisAnalyticsV2::Application': {
    'ApplicationConfiguration.ApplicationCodeConfiguration.CodeContent.S3ContentLocation': objectWithArn(
      'archive-or-file',
      'BucketARN',
      'FileKey',
      'ObjectVersion',
    ),
    'ApplicationConfiguration.ZeppelinApplicationConfiguration.CustomArtifactsConfiguration.[].S3ContentLocation':
      objectWithArn('file', 'BucketARN', 'FileKey', 'ObjectVersion'),
  },
  'AWS::KinesisAnalyticsV2::ApplicationReferenceDataSource': {
    'ReferenceDataSource.S3ReferenceDataSource': objectWithArn('file', 'BucketARN', 'FileKey'),
  },
  'AWS::Lambda::MicrovmImage': {
    'CodeArtifact.Uri': ARCHIVE_OR_FILE,
  },
  'AWS::Lex::Bot': {
    BotFileS3Location: object('zip', 'S3Bucket', 'S3ObjectKey', 'S3ObjectVersion'),
    'BotLocales.[].SlotTypes.[].ExternalSourceSetting.GrammarSlotTypeSetting.Source': object(
      'file',
      'S3BucketName',
      'S3ObjectKey',
    ),
  },
  'AWS::M2::Application': {
    'Definition.S3Location': FILE,
  },
  'AWS::MGN::NetworkMigrationDefinition': {
    'SourceConfigurations.[].SourceS3Configuration': object('file', 'S3Bucket', 'S3Key'),
  },
  'AWS::MWAAServerless::Workflow': {
    'Code.S3Location': object('archive-or-file', 'Bucket', 'ObjectKey', 'VersionId'),
    DefinitionS3Location: object('file', 'Bucket', 'ObjectKey', 'VersionId'),
  },
  'AWS::Omics::Workflow': {
    ContainerRegistryMapUri: FILE,
    DefinitionUri: ZIP,
    readmeUri: FILE,
  },
  'AWS::Omics::WorkflowVersion': {
    ContainerRegistryMapUri: FILE,
    DefinitionUri: ZIP,
    readmeUri: FILE,
  },
  'AWS::PCS::ComputeNodeGroup': {
    'NodeLifecycleActions.Stages.NodeBootstrapped.[].ScriptSource.ScriptLocation': { ...FILE, version: 'S3VersionId' },
    'NodeLifecycleActions.Stages.NodeReady.[].ScriptSource.ScriptLocation': { ...FILE, version: 'S3VersionId' },
  },
  'AWS::QBusiness::Plugin': {
    'CustomPluginConfiguration.ApiSchema.S3': object('file', 'Bucket', 'Key'),
  },
  'AWS::RoboMaker::RobotApplication': {
    'Sources.[]': object('file', 'S3Bucket', 'S3Key'),
  },
  'AWS::RoboMaker::SimulationApplication': {
    'Sources.[]': object('file', 'S3Bucket', 'S3Key'),
  },
  'AWS::SSM::Document': {
    'Attachments.[].Values.[]': {
      ...ARCHIVE_OR_FILE,
      when: { 'Attachments.[].Key': 'S3FileUrl' },
      note: 'SourceUrl takes a folder of S3, which no artifact is',
    },
  },
  'AWS::SimSpaceWeaver::Simulation': {
    SchemaS3Location: object('file', 'BucketName', 'ObjectKey'),
  },
  'AWS::Synthetics::Canary': {
    Code: { ...object('zip', 'S3Bucket', 'S3Key', 'S3ObjectVersion'), note: 'Handler stands beside the key' },
  },
  'Alexa::ASK::Skill': {
    SkillPackage: object('zip', 'S3Bucket', 'S3Key', 'S3ObjectVersion'),
  },
};
