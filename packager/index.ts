/** The packager as a library: docs/library.md. What is not exported here may change at any time. */
export { ArtifactError, ArtifactErrors } from '../repository/error.ts';
export type { ArtifactErrorCode, SourcePlace } from '../repository/error.ts';
export type { Status } from '../repository/status.ts';
export type { PackagerEvent, PublishOutcome, Warning } from './event.ts';
export { get, resolve } from './library/get.ts';
export type { GetOptions, GottenFile, ResolvedArtifact } from './library/get.ts';
export type { CommonOptions, DomainOptions, TellingOptions } from './library/options.ts';
export { packageTemplate } from './library/package-template.ts';
export type { PackagedTemplate, PackageTemplateOptions, RegionalTemplate } from './library/package-template.ts';
export { publish } from './library/publish.ts';
export type { PublishedFile, PublishedVersion, PublishOptions } from './library/publish.ts';
export type { PackagedPlace } from './packaging/packaged-place.ts';
export type { ReferenceMode } from './packaging/references.ts';
export type { AssetPath } from './publish-paths.ts';
