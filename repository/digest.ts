import { createHash } from 'node:crypto';
import { ArtifactError } from './error.ts';

declare const digestBrand: unique symbol;

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true };

const HEX_64 = /^[0-9a-f]{64}$/;

/** Whether it is a SHA-256 as all records and keys have it: 64 hexadecimal digits in lower case. */
export function isDigest(text: string): text is Digest {
  return HEX_64.test(text);
}

/** @throws ArtifactError INVALID_ARN */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new ArtifactError('INVALID_ARN', `'${text}' is not a SHA-256 digest: 64 lower-case hexadecimal digits`);
  }
  return text;
}

/** Of the parts one after the other, texts in UTF-8. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Digest {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex') as Digest;
}

/** As S3 (`x-amz-checksum-sha256`) and Lambda (`CodeSha256`) print it. */
export function digestToBase64(digest: Digest): string {
  return Buffer.from(digest, 'hex').toString('base64');
}

/** @throws ArtifactError INVALID_ARN where the text is not the base64 of 32 bytes */
export function digestFromBase64(base64: string): Digest {
  return parseDigest(Buffer.from(base64, 'base64').toString('hex'));
}
