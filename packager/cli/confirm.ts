import { ArtifactError } from '../../repository/error.ts';
import type { Terminal } from './terminal.ts';

/** What is asked before something is done that was shown. */
export interface Confirmation {
  /** Its answer is yes or no. */
  readonly question: string;
  /** The same behind `to ask whether`. */
  readonly whether: string;
  /** How it is done all the same, where nobody can answer. */
  readonly remedy: string;
  /** What has not happened where the answer is no: `nothing was changed`. */
  readonly nothing: string;
}

/** @throws ArtifactError INVALID_ARGUMENT where the answer is no, or nobody can give one */
export async function confirm({ askOpenly }: Terminal, asked: Confirmation): Promise<void> {
  const { question, whether, remedy, nothing } = asked;
  if (askOpenly === undefined) {
    throw new ArtifactError('INVALID_ARGUMENT', `there is no terminal to ask whether ${whether}`, { remedy });
  }
  const answer = await askOpenly(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer)) return;
  throw new ArtifactError('INVALID_ARGUMENT', `the answer was no: ${nothing}`);
}
