import { expect, test } from '@jest/globals';
import { ArtifactError, ArtifactErrors } from '../../../repository/index.ts';
import type { ArtifactErrorCode } from '../../../repository/index.ts';
import { eachAtItsPlace } from '../../../packager/packaging/problems.ts';
import type { Place } from '../../../packager/template/place.ts';

function placeAt(line: number): Place {
  return {
    ...{ pointer: `/${line}`, position: { file: 't.yaml', line, column: 1 }, resource: `R${line}` },
    ...{ type: 'AWS::Lambda::Function', property: 'Code', absent: false, wanted: 'zip', targets: [], loop: [] },
    ...{ form: { kind: 'uri' }, literal: false, detached: false, pinned: false, needsArn: false },
  };
}

async function failuresOf(codes: readonly (ArtifactErrorCode | undefined)[]): Promise<{
  readonly begun: readonly number[];
  readonly messages: readonly string[];
}> {
  const begun: number[] = [];
  const items = codes.map((code, index) => ({ code, index, place: placeAt(index + 1) }));
  try {
    await eachAtItsPlace(items, async ({ code, index }) => {
      begun.push(index);
      await new Promise((resolve) => setImmediate(resolve));
      if (code !== undefined) throw new ArtifactError(code, `failed ${index}`);
    });
  } catch (error) {
    const problems = error instanceof ArtifactErrors ? error.problems : [error as ArtifactError];
    return { begun, messages: problems.map(({ message }) => message) };
  }
  return { begun, messages: [] };
}

test('what is wrong with artifacts is told at their places, all of what was under way', async () => {
  const { messages } = await failuresOf(['SOURCE_CHANGED', undefined, 'PATH_UNREADABLE']);
  expect(messages).toEqual([
    "t.yaml:1:1: Code of 'R1' (AWS::Lambda::Function): failed 0",
    "t.yaml:3:1: Code of 'R3' (AWS::Lambda::Function): failed 2",
  ]);
});

test('what is wrong with the store is told once, and of no place', async () => {
  const { messages } = await failuresOf(['ACCESS_DENIED', 'ACCESS_DENIED', 'STORE_FULL']);
  expect(messages).toEqual(['failed 0', 'failed 2']);
});

test('after a failure nothing new is begun', async () => {
  const { begun } = await failuresOf(Array.from({ length: 100 }, () => 'STORE_FULL' as const));
  expect(begun.length).toBeLessThan(50);
});
