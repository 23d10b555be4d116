import type { ArtifactErrorCode } from '../../repository/error.ts';
import { ArtifactError } from '../../repository/error.ts';

/** An ArtifactError that can be sent between threads. */
export interface Problem {
  readonly code: ArtifactErrorCode;
  readonly message: string;
  readonly remedy?: string;
}

/** @throws whatever is not an ArtifactError: a defect */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof ArtifactError)) throw error;
  const { code, message, remedy } = error;
  return remedy === undefined ? { code, message } : { code, message, remedy };
}

/** The error that a Problem was made of, without its stack and cause. */
export function errorOf({ code, message, remedy }: Problem): ArtifactError {
  return new ArtifactError(code, message, remedy === undefined ? {} : { remedy });
}
