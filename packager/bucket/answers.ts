export type BucketPresence =
  | { readonly is: 'there'; readonly region: string }
  | { readonly is: 'absent' | 'of another'; readonly message: string };

export interface EncryptionAnswer {
  /** `AES256`, `aws:kms` … */
  readonly algorithm: string;
  /** A key's ID, ARN or alias; absent: the one that AWS manages for S3. */
  readonly key?: string;
}

export interface ObjectLockAnswer {
  readonly isEnabled: boolean;
  /** The default one, in words. */
  readonly retention?: string;
}

export type PublicAccess = Readonly<
  Record<'BlockPublicAcls' | 'BlockPublicPolicy' | 'IgnorePublicAcls' | 'RestrictPublicBuckets', boolean>
>;
