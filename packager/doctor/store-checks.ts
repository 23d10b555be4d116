import type { Check, Finding } from '../check.ts';
import { checksOn, problem } from '../check.ts';
import type { StoreAnswer } from './answers.ts';

interface StoreAnswers {
  readonly conditionalWrites: StoreAnswer;
}

/** @param otherwise what to do where the store itself doesn't say */
export function judgeStore(answer: StoreAnswer, otherwise: string): readonly Finding[] {
  return answer.keeps ? [] : [problem(answer.message, answer.remedy ?? otherwise)];
}

/** Of every store, whatever kind it is. @param otherwise as of `judgeStore` */
export function conditionalWrites(otherwise: string): Check<StoreAnswers> {
  return checksOn<StoreAnswers>()({
    id: 'conditional-writes',
    asks: 'the store keeps its promises: what is there is not overwritten, and only what was read is replaced',
    needs: ['conditionalWrites'],
    judge: (answers) => judgeStore(answers.conditionalWrites, otherwise),
  });
}
