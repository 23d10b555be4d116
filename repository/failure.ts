import { ArtifactError } from './error.ts';

/** Why something could not be done that others do not depend on, and what people can do about it. */
export interface Failure {
  readonly failure: string;
  readonly remedy?: string;
}

/** @throws what ends the whole, not the item alone: interruption, and defects of this program */
export function requireFailure(error: unknown): Failure {
  if (!(error instanceof ArtifactError) || error.code === 'INTERRUPTED') throw error;
  return { failure: error.message, ...(error.remedy !== undefined && { remedy: error.remedy }) };
}
