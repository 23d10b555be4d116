import type { WrittenEntry, WrittenMembers } from './property.ts';
import type { Wanted } from '../place.ts';

/** What most lines of the table share, so that one entry is one line. */
export const FILE: WrittenEntry = { form: 'uri', wanted: 'file' };
export const ARCHIVE_OR_FILE: WrittenEntry = { form: 'uri', wanted: 'archive-or-file' };
export const ZIP: WrittenEntry = { form: 'uri', wanted: 'zip' };
export const FRAGMENT: WrittenEntry = { form: 'uri', wanted: 'fragment' };
export const TEMPLATE: WrittenEntry = { form: 'uri', wanted: 'template' };
export const TEMPLATE_URL: WrittenEntry = { form: 'https-url', wanted: 'template' };
export const FILE_URL: WrittenEntry = { form: 'https-url', wanted: 'file' };
export const FILE_ARN: WrittenEntry = { form: 'arn', wanted: 'file' };

/** SAM's own location objects. */
export const BUCKET_KEY_VERSION: WrittenMembers = { bucket: 'Bucket', key: 'Key', version: 'Version' };

/**
 * A location object of CloudFormation's.
 * @param bucket what its member is called that names the bucket; `key` and `version` likewise
 */
export function object(wanted: Wanted, bucket: string, key: string, version?: string): WrittenEntry {
  return { form: 'object', members: { bucket, key, ...(version !== undefined && { version }) }, wanted };
}

/** An object whose bucket member takes an ARN. */
export function objectWithArn(wanted: Wanted, bucketArn: string, key: string, version?: string): WrittenEntry {
  return { form: 'object', members: { bucketArn, key, ...(version !== undefined && { version }) }, wanted };
}

/** Bucket, key and version are properties side by side; the entry's path leads to the key. */
export function siblings(wanted: Wanted, bucket: string, key: string, version?: string): WrittenEntry {
  return { ...object(wanted, bucket, key, version), form: 'siblings' };
}
