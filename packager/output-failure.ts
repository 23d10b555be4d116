import { ArtifactError } from '../repository/index.ts';

/** What a file system says, as an OUTPUT_FAILED; an ArtifactError as it is. */
export function failedOutput({ given }: { readonly given: string }, cause: unknown): ArtifactError {
  if (cause instanceof ArtifactError) return cause;
  return new ArtifactError('OUTPUT_FAILED', `'${given}' can't be written: ${failureReason(cause)}`, {
    remedy: 'Nothing of it was written. Name another file or folder, or make room, and run it again.',
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its links lead in a circle',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EROFS: 'the disk is read-only',
};

/** What a file system says, in words. */
export function failureReason(cause: unknown): string {
  const { code = '', message = String(cause) } = cause as Partial<NodeJS.ErrnoException>;
  const reason = REASONS[code];
  return reason === undefined ? message : `${reason} (${code})`;
}
