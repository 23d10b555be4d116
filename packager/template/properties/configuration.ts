import type { WrittenTable } from './property.ts';
import { ARCHIVE_OR_FILE, FILE, FILE_ARN, FILE_URL, ZIP, object, objectWithArn, siblings } from './shapes.ts';

/** Configuration files, certificates, lists and branding. */
export const CONFIGURATION_PROPERTIES: WrittenTable = {
  '*/Metadata/AWS::CloudFormation::Init': {
    '{}.files.{}.source': {
      ...FILE_URL,
      note: 'the instance reads it: a private bucket needs AWS::CloudFormation::Authentication',
    },
    '{}.sources.{}': {
      form: 'https-url',
      wanted: 'archive-or-file',
      note: 'the instance reads it: a private bucket needs AWS::CloudFormation::Authentication',
    },
  },
  'AWS::AppConfig::ConfigurationProfile': {
    LocationUri: { ...FILE, explicit: true, note: 'takes other schemes too, so only ./ and ../ are paths' },
  },
  'AWS::CloudFront::KeyValueStore': {
    'ImportSource.SourceArn': FILE_ARN,
  },
  'AWS::CloudFront::TrustStore': {
    'CaCertificatesBundleSource.CaCertificatesBundleS3Location': {
      ...object('file', 'Bucket', 'Key', 'Version'),
      note: 'Region stands beside the key',
    },
  },
  'AWS::Connect::Prompt': {
    S3Uri: FILE,
  },
  'AWS::DataSync::Task': {
    'ManifestConfig.Source.S3': objectWithArn('file', 'S3BucketArn', 'ManifestObjectPath', 'ManifestObjectVersionId'),
  },
  'AWS::DataZone::Connection': {
    'Props.SparkEmrProperties.TrustedCertificatesS3Uri': ARCHIVE_OR_FILE,
  },
  'AWS::ECS::DaemonTaskDefinition': {
    'ContainerDefinitions.[].EnvironmentFiles.[].Value': { ...FILE_ARN, suffix: ['.env'] },
  },
  'AWS::ECS::TaskDefinition': {
    'ContainerDefinitions.[].CredentialSpecs.[]': {
      ...FILE_ARN,
      prefix: ['credentialspec:', 'credentialspecdomainless:'],
    },
    'ContainerDefinitions.[].EnvironmentFiles.[].Value': { ...FILE_ARN, suffix: ['.env'] },
    'ContainerDefinitions.[].FirelensConfiguration.Options.config-file-value': {
      ...FILE_ARN,
      when: { 'ContainerDefinitions.[].FirelensConfiguration.Options.config-file-type': 's3' },
    },
  },
  'AWS::ElasticLoadBalancingV2::TrustStore': {
    CaCertificatesBundleS3Key: siblings(
      'file',
      'CaCertificatesBundleS3Bucket',
      'CaCertificatesBundleS3Key',
      'CaCertificatesBundleS3ObjectVersion',
    ),
  },
  'AWS::ElasticLoadBalancingV2::TrustStoreRevocation': {
    'RevocationContents.[]': object('file', 'S3Bucket', 'S3Key', 'S3ObjectVersion'),
  },
  'AWS::GuardDuty::IPSet': {
    Location: FILE_URL,
  },
  'AWS::GuardDuty::ThreatEntitySet': {
    Location: FILE_URL,
  },
  'AWS::GuardDuty::ThreatIntelSet': {
    Location: FILE_URL,
  },
  'AWS::GuardDuty::TrustedEntitySet': {
    Location: FILE_URL,
  },
  'AWS::Kendra::DataSource': {
    'DataSourceConfiguration.OneDriveConfiguration.OneDriveUsers.OneDriveUserS3Path': object('file', 'Bucket', 'Key'),
    'DataSourceConfiguration.SharePointConfiguration.SslCertificateS3Path': object('file', 'Bucket', 'Key'),
  },
  'AWS::Kendra::Faq': {
    S3Path: object('file', 'Bucket', 'Key'),
  },
  'AWS::Kendra::QuerySuggestionsBlockList': {
    SourceS3Path: object('file', 'Bucket', 'Key'),
  },
  'AWS::Kendra::Thesaurus': {
    SourceS3Path: object('file', 'Bucket', 'Key'),
  },
  'AWS::Macie::AllowList': {
    'Criteria.S3WordsList': object('file', 'BucketName', 'ObjectKey'),
  },
  'AWS::Pipes::Pipe': {
    'TargetParameters.EcsTaskParameters.Overrides.ContainerOverrides.[].EnvironmentFiles.[].Value': {
      ...FILE_ARN,
      suffix: ['.env'],
    },
  },
  'AWS::QuickSight::Analysis': {
    'Definition.StaticFiles.[].ImageStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
    'Definition.StaticFiles.[].SpatialStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
  },
  'AWS::QuickSight::Dashboard': {
    'Definition.StaticFiles.[].ImageStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
    'Definition.StaticFiles.[].SpatialStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
  },
  'AWS::QuickSight::DataSource': {
    'AlternateDataSourceParameters.[].S3Parameters.ManifestFileLocation': object('file', 'Bucket', 'Key'),
    'DataSourceParameters.S3Parameters.ManifestFileLocation': object('file', 'Bucket', 'Key'),
  },
  'AWS::QuickSight::Template': {
    'Definition.StaticFiles.[].ImageStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
    'Definition.StaticFiles.[].SpatialStaticFile.Source.S3Options': object('file', 'BucketName', 'ObjectKey'),
  },
  'AWS::ResilienceHubV2::Service': {
    'InputSources.[].ResourceConfiguration.DesignFileS3Url': FILE,
  },
  'AWS::Route53GlobalResolver::FirewallDomainList': {
    DomainFileUrl: FILE,
  },
  'AWS::Route53Resolver::FirewallDomainList': {
    DomainFileUrl: FILE,
  },
  'AWS::SMSVOICE::RegistrationAttachment': {
    AttachmentUrl: FILE,
  },
  'AWS::SecurityAgent::Pentest': {
    'Assets.Documents.[].S3Location': FILE,
    'Assets.SourceCode.[].S3Location': ZIP,
    'Assets.TrustedCaCertificates.[].Source.S3Location': FILE,
  },
  'AWS::Transcribe::MedicalVocabulary': {
    VocabularyFileUri: FILE,
  },
  'AWS::Transcribe::Vocabulary': {
    VocabularyFileUri: FILE,
  },
  'AWS::Transcribe::VocabularyFilter': {
    VocabularyFilterFileUri: FILE,
  },
  'AWS::Translate::ParallelData': {
    'ParallelDataConfig.S3Uri': FILE,
  },
  'AWS::WorkSpacesWeb::UserSettings': {
    'BrandingConfiguration.Favicon': FILE,
    'BrandingConfiguration.Logo': FILE,
    'BrandingConfiguration.Wallpaper': FILE,
  },
};
