import type { WrittenTable } from './property.ts';
import { FILE, FILE_ARN, object } from './shapes.ts';

/** Models and data sets. */
export const DATA_PROPERTIES: WrittenTable = {
  'AWS::Comprehend::DocumentClassifier': {
    'InputDataConfig.AugmentedManifests.[].S3Uri': FILE,
    'InputDataConfig.S3Uri': FILE,
    'InputDataConfig.TestS3Uri': FILE,
  },
  'AWS::Comprehend::EntityRecognizer': {
    'InputDataConfig.Annotations.S3Uri': FILE,
    'InputDataConfig.Annotations.TestS3Uri': FILE,
    'InputDataConfig.AugmentedManifests.[].S3Uri': FILE,
    'InputDataConfig.Documents.S3Uri': FILE,
    'InputDataConfig.Documents.TestS3Uri': FILE,
    'InputDataConfig.EntityList.S3Uri': FILE,
  },
  'AWS::DataBrew::Dataset': {
    'Input.S3InputDefinition': object('file', 'Bucket', 'Key'),
  },
  'AWS::ElastiCache::CacheCluster': {
    'SnapshotArns.[]': FILE_ARN,
  },
  'AWS::ElastiCache::ReplicationGroup': {
    'SnapshotArns.[]': FILE_ARN,
  },
  'AWS::MemoryDB::Cluster': {
    'SnapshotArns.[]': FILE_ARN,
  },
  'AWS::Personalize::Dataset': {
    'DatasetImportJob.DataSource.DataLocation': FILE,
  },
  'AWS::SageMaker::DataQualityJobDefinition': {
    'DataQualityAppSpecification.PostAnalyticsProcessorSourceUri': FILE,
    'DataQualityAppSpecification.RecordPreprocessorSourceUri': FILE,
    'DataQualityBaselineConfig.ConstraintsResource.S3Uri': FILE,
    'DataQualityBaselineConfig.StatisticsResource.S3Uri': FILE,
  },
  'AWS::SageMaker::EndpointConfig': {
    'ExplainerConfig.ClarifyExplainerConfig.ShapConfig.ShapBaselineConfig.ShapBaselineUri': FILE,
  },
  'AWS::SageMaker::InferenceComponent': {
    'Specification.Container.ArtifactUrl': FILE,
    'Specifications.[].Container.ArtifactUrl': FILE,
  },
  'AWS::SageMaker::Model': {
    'Containers.[].ModelDataSource.S3DataSource.S3Uri': FILE,
    'Containers.[].ModelDataUrl': FILE,
    'PrimaryContainer.ModelDataSource.S3DataSource.S3Uri': FILE,
    'PrimaryContainer.ModelDataUrl': FILE,
  },
  'AWS::SageMaker::ModelBiasJobDefinition': {
    'ModelBiasAppSpecification.ConfigUri': FILE,
    'ModelBiasBaselineConfig.ConstraintsResource.S3Uri': FILE,
  },
  'AWS::SageMaker::ModelExplainabilityJobDefinition': {
    'ModelExplainabilityAppSpecification.ConfigUri': FILE,
    'ModelExplainabilityBaselineConfig.ConstraintsResource.S3Uri': FILE,
  },
  'AWS::SageMaker::ModelPackage': {
    'AdditionalInferenceSpecifications.[].Containers.[].ModelDataSource.S3DataSource.S3Uri': FILE,
    'AdditionalInferenceSpecifications.[].Containers.[].ModelDataUrl': FILE,
    'AdditionalInferenceSpecificationsToAdd.[].Containers.[].ModelDataSource.S3DataSource.S3Uri': FILE,
    'AdditionalInferenceSpecificationsToAdd.[].Containers.[].ModelDataUrl': FILE,
    'DriftCheckBaselines.Bias.ConfigFile.S3Uri': FILE,
    'DriftCheckBaselines.Bias.PostTrainingConstraints.S3Uri': FILE,
    'DriftCheckBaselines.Bias.PreTrainingConstraints.S3Uri': FILE,
    'DriftCheckBaselines.Explainability.ConfigFile.S3Uri': FILE,
    'DriftCheckBaselines.Explainability.Constraints.S3Uri': FILE,
    'DriftCheckBaselines.ModelDataQuality.Constraints.S3Uri': FILE,
    'DriftCheckBaselines.ModelDataQuality.Statistics.S3Uri': FILE,
    'DriftCheckBaselines.ModelQuality.Constraints.S3Uri': FILE,
    'DriftCheckBaselines.ModelQuality.Statistics.S3Uri': FILE,
    'InferenceSpecification.Containers.[].ModelDataSource.S3DataSource.S3Uri': FILE,
    'InferenceSpecification.Containers.[].ModelDataUrl': FILE,
    'ModelMetrics.Bias.PostTrainingReport.S3Uri': FILE,
    'ModelMetrics.Bias.PreTrainingReport.S3Uri': FILE,
    'ModelMetrics.Bias.Report.S3Uri': FILE,
    'ModelMetrics.Explainability.Report.S3Uri': FILE,
    'ModelMetrics.ModelDataQuality.Constraints.S3Uri': FILE,
    'ModelMetrics.ModelDataQuality.Statistics.S3Uri': FILE,
    'ModelMetrics.ModelQuality.Constraints.S3Uri': FILE,
    'ModelMetrics.ModelQuality.Statistics.S3Uri': FILE,
    SamplePayloadUrl: FILE,
    'SourceAlgorithmSpecification.SourceAlgorithms.[].ModelDataUrl': FILE,
  },
  'AWS::SageMaker::ModelQualityJobDefinition': {
    'ModelQualityAppSpecification.PostAnalyticsProcessorSourceUri': FILE,
    'ModelQualityAppSpecification.RecordPreprocessorSourceUri': FILE,
    'ModelQualityBaselineConfig.ConstraintsResource.S3Uri': FILE,
  },
  'AWS::SageMaker::MonitoringSchedule': {
    'MonitoringScheduleConfig.MonitoringJobDefinition.BaselineConfig.ConstraintsResource.S3Uri': FILE,
    'MonitoringScheduleConfig.MonitoringJobDefinition.BaselineConfig.StatisticsResource.S3Uri': FILE,
    'MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringAppSpecification.PostAnalyticsProcessorSourceUri': FILE,
    'MonitoringScheduleConfig.MonitoringJobDefinition.MonitoringAppSpecification.RecordPreprocessorSourceUri': FILE,
  },
  'AWS::SageMaker::Pipeline': {
    'PipelineDefinition.PipelineDefinitionS3Location': object('file', 'Bucket', 'Key', 'Version'),
  },
  'AWS::SageMaker::ProcessingJob': {
    'ProcessingInputs.[].S3Input.S3Uri': FILE,
  },
};
