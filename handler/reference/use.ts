import type { ArtifactArn } from '../../repository/arn.ts';
import { formatArn, parseArn, samePlace } from '../../repository/arn.ts';
import type { Wanted } from '../../repository/bind.ts';
import type { BlobName } from '../../repository/blob.ts';
import { keyOf } from '../../repository/blob.ts';
import { locateBlob, placeOfKey } from '../../repository/contents.ts';
import type { Digest } from '../../repository/digest.ts';
import { digestToBase64 } from '../../repository/digest.ts';
import type { Domain } from '../../repository/domain.ts';
import { ArtifactError } from '../../repository/error.ts';
import { blobKey, blobPrefix, isBlobKey, parseBlobKey, splitBucket } from '../../repository/keys.ts';
import { resolveContent, resolveVersion } from '../../repository/resolution.ts';
import type { NamedUse } from './properties.ts';

/**
 * What the template names, found in the domain. Whether it may be used, and whether its content is there, is looked at when it is bound: after the
 * record of the use was written.
 * @throws ArtifactError INVALID_ARGUMENT where the template uses another key; ARTIFACT_NOT_FOUND, DIGEST_MISMATCH
 */
export async function findUse(domain: Domain, { arn, key, resolvedFrom }: NamedUse): Promise<Wanted> {
  const found = !samePlace(arn, domain)
    ? await findForeign(domain, arn, key)
    : arn.version === undefined
      ? await findContent(domain, arn, key)
      : await findVersion(domain, { ...arn, version: arn.version });
  const is = splitBucket(found.key).rest;
  if (key !== undefined && key !== is) {
    throw new ArtifactError('INVALID_ARGUMENT', `the template uses the key '${key}', but '${found.arn}' is '${is}'`, {
      remedy: "Package the template again, or write the artifact's own key in both places.",
    });
  }
  return { ...found, ...(resolvedFrom !== undefined && { resolvedFrom }) };
}

/** Content by its digest and the key that the template uses: then home is not asked before that is found absent. All else home tells. */
async function findForeign(domain: Domain, arn: ArtifactArn, key: string | undefined): Promise<Wanted> {
  const { away } = domain;
  const text = formatArn(arn);
  if (away === undefined || arn.partition !== domain.partition) {
    throw new ArtifactError(
      'ARTIFACT_NOT_FOUND',
      `'${text}' belongs to another domain; this is the one of account ${domain.account} in ${domain.region}`,
      { remedy: `Run 'cfn-artifacts package' for account ${domain.account} and region ${domain.region}.` },
    );
  }
  const { partition, account, region, digest } = arn;
  const home = { partition, account, region };
  const named = key !== undefined && isBlobKey(key) ? parseBlobKey(key) : undefined;
  if (digest !== undefined && named?.digest === digest && arn.asset === undefined)
    return { arn: text, key: blobKey(digest, named.filename), digest, filename: named.filename, home };
  const fetched = await away.fetch(text);
  return { arn: fetched.arn, key: fetched.key, digest: fetched.digest, filename: fetched.filename, home };
}

async function findVersion(domain: Domain, named: ArtifactArn & { readonly version: number }): Promise<Wanted> {
  const { arn, key, digest, filename, size, bucket } = await resolveVersion(domain, named);
  const { repository, id, version: number } = named;
  const blob = { digest, filename, size, ...(bucket !== undefined && { bucket }) };
  return { arn: formatArn(arn), key, ...blob, version: { repository, id, number } };
}

/** Content by what it is, under whatever version: the key that the template uses says which of its filenames is meant. */
async function findContent(domain: Domain, arn: ArtifactArn, key: string | undefined): Promise<Wanted> {
  const digest = arn.digest as Digest;
  const named = key !== undefined && isBlobKey(key) ? parseBlobKey(key) : undefined;
  const blob =
    named?.digest === digest && named.bucket === undefined
      ? await locateBlob(domain.store, named)
      : await onlyContent(domain, arn, digest);
  const { filename, bucket } = blob;
  return {
    arn: formatArn(arn),
    key: keyOf({ ...blob, digest }),
    digest,
    filename,
    ...(bucket !== undefined && { bucket }),
  };
}

async function onlyContent(domain: Domain, arn: ArtifactArn, digest: Digest): Promise<BlobName> {
  const blobs: BlobName[] = [];
  for await (const { key } of domain.store.list(blobPrefix(digest), { limit: 2 })) blobs.push(parseBlobKey(key));
  const [only, another] = blobs;
  // None, or the artifact's own among several.
  return only === undefined || another !== undefined ? resolveContent(domain, arn, digest) : only;
}

/**
 * What `Fn::GetAtt` gets: texts, and all of them at all times, because one that is missing fails the resource that asks for it.
 * @param place of the object in the URL of S3
 * @throws ArtifactError CONTENT_MISSING
 */
export async function attributesOf(
  domain: Domain,
  { arn, key: stored, digest }: Wanted,
  urlOf: (bucket: string, key: string) => string,
): Promise<Readonly<Record<string, string>>> {
  const { bucket, key } = placeOfKey(domain, stored);
  const head = await domain.store.head(stored);
  if (head === undefined) {
    throw new ArtifactError('CONTENT_MISSING', `the content of '${arn}' is not in the domain`, {
      remedy: 'Package it again.',
    });
  }
  return {
    Arn: arn,
    Bucket: bucket,
    Key: key,
    ObjectVersion: head.version ?? '',
    Uri: `s3://${bucket}/${key}`,
    Url: urlOf(bucket, key),
    Version: String(parseArn(arn).version ?? ''),
    Digest: digest,
    CodeSha256: digestToBase64(digest),
    Size: String(head.size),
  };
}
