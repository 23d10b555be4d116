import { ArtifactError } from '../repository/error.ts';

/** What a file system says, as an OUTPUT_FAILED; an ArtifactError as it is. */
export function failedOutput({ given }: { readonly given: string }, cause: unknown): ArtifactError {
  if (cause instanceof ArtifactError) return cause;
  return new ArtifactError('OUTPUT_FAILED', `'${given}' can't be written: ${failureReason(cause)}`, {
    remedy: 'Nothing of it was written. Name another file or folder, or make room, and run it again.',
    cause,
  });
}

/**
 * The same of what stands in a folder of the system's temporary ones until it is sent.
 * @param what goes on after `cannot write`
 */
export function failedScratch(folder: string, what: string, cause: unknown): ArtifactError {
  return new ArtifactError('OUTPUT_FAILED', `cannot write ${what}: ${failureReason(cause)}`, {
    remedy: `Make room in '${folder}', or point TMPDIR elsewhere.`,
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing is there',
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
