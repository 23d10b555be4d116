import { ArtifactError } from '../../repository/error.ts';
import { parseStackId } from '../../repository/stack-id.ts';
import type { ReferencesFlags, ReferencesOptions, ReferencesQuestion } from './options.ts';
import { REFERENCES, REFERENCES_CONFLICTS } from './options.ts';
import type { GivenValues } from './resolve-options.ts';
import { resolveOptions } from './resolve-options.ts';

/**
 * What `references` is asked: exactly one of its questions.
 * @param word what stands on the command line beside the options
 * @throws ArtifactErrors INVALID_ARGUMENT
 */
export async function resolveReferencesOptions(
  given: GivenValues,
  word: string | undefined,
  cwd: string,
): Promise<ReferencesOptions> {
  const { stack, account, unused, behind, ...options } = await resolveOptions(REFERENCES, given, REFERENCES_CONFLICTS, {
    cwd,
  });
  return { ...options, question: questionOf({ stack, account, unused, behind }, word) };
}

type Asked = { readonly [K in 'stack' | 'account' | 'unused' | 'behind']: ReferencesFlags[K] | undefined };

function questionOf({ stack, account, unused, behind }: Asked, word: string | undefined): ReferencesQuestion {
  if (word === '') throw invalid('ARTIFACT must not be empty', 'Name one, or leave it out.');
  if (account !== undefined && stack === undefined) {
    throw invalid(
      "'--account' says whose stack '--stack' names, and there is no '--stack'",
      'Name the stack, or leave it out.',
    );
  }
  if (stack !== undefined) {
    if (word !== undefined) {
      throw invalid(
        `cannot use '--stack' and '${word}' together`,
        'Ask who uses an artifact, or what a stack uses: each is a question of its own.',
      );
    }
    const isArn = parseStackId(stack) !== undefined;
    if (isArn && account !== undefined) {
      throw invalid("cannot use '--account' with the ARN of a stack", 'The ARN names the account: leave it out.');
    }
    return { kind: 'stack', stack, ...(account !== undefined && { account }) };
  }
  const ofMany = unused === true ? '--unused' : behind === undefined ? undefined : '--behind';
  if (ofMany !== undefined && word !== undefined && !/^[\w.+=/-]*$/.test(word)) {
    throw invalid(
      `'${word}' is not how IDs begin, which is what '${ofMany}' takes`,
      "Leave out the version: 'shop/api', or 'shop/' for all that begin so.",
    );
  }
  const prefix = word === undefined ? {} : { prefix: word };
  if (unused === true) return { kind: 'unused', ...prefix };
  if (behind !== undefined) return { kind: 'behind', bookmark: behind, ...prefix };
  if (word !== undefined) return { kind: 'users', artifact: word };
  throw invalid(
    'it is not said whose references are wanted',
    'Name an artifact to see who uses it, a stack with --stack to see what it uses, ask with --unused what nobody needs, or with --behind which stacks a bookmark has left behind.',
  );
}

function invalid(message: string, remedy: string): ArtifactError {
  return new ArtifactError('INVALID_ARGUMENT', message, { remedy });
}
