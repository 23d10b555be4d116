/** The packager as a library. */
export { createArchiver, findProjectRoot, openSource } from './archive/source.ts';
export type { Archiver, Project, Source, SourceRequest } from './archive/source.ts';
export { bucketDestination, domainDestination } from './packaging/destination.ts';
export type { BucketOptions, Destination, Stored, UrlOf } from './packaging/destination.ts';
export type { PackagerEvent, PublishOutcome, Reporter, Warning } from './event.ts';
export { diskFiles } from './packaging/files.ts';
export type { Files } from './packaging/files.ts';
export { packageTemplate } from './packaging/package.ts';
export type { PackageRequest, PackageResult } from './packaging/package.ts';
export type { PackagedPlace } from './packaging/packaged-place.ts';
export { projectName } from './project-name.ts';
export type { ReferenceMode } from './packaging/references.ts';
export { propertyTable } from './template/properties/table.ts';
export { loadProperties } from './template/properties/user-table.ts';
export type { PropertyEntry, PropertyTable } from './template/properties/property.ts';
