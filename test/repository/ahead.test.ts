import { describe, expect, test } from '@jest/globals';
import { expandAhead } from '../../repository/ahead.ts';

async function* numbers(to: number, ended: string[]): AsyncGenerator<number> {
  try {
    for (let n = 0; n < to; n++) yield n;
  } finally {
    ended.push('source');
  }
}

describe('expandAhead()', () => {
  test('keeps the order, with as many begun as it may', async () => {
    const ended: string[] = [];
    let [begun, most] = [0, 0];
    const all: string[] = [];
    const found = expandAhead(numbers(7, ended), 3, async function* (n) {
      most = Math.max(most, ++begun);
      // Later ones are ready sooner.
      for (let turn = 7 - n; turn > 0; turn--) await Promise.resolve();
      for (let part = 0; part < n % 3; part++) yield `${n}.${part}`;
      begun -= 1;
    });
    for await (const one of found) all.push(one);
    expect(all).toEqual(['1.0', '2.0', '2.1', '4.0', '5.0', '5.1']);
    expect(most).toBe(3);
    expect(ended).toEqual(['source']);
  });

  test.each(['break', 'error'])('ends all that it began: %s', async (how) => {
    const ended: string[] = [];
    const found = expandAhead(numbers(9, ended), 3, async function* (n) {
      try {
        yield n;
        if (how === 'error') throw new Error(`of ${n}`);
        yield n;
      } finally {
        ended.push(`${n}`);
      }
    });
    const listen = async (): Promise<void> => {
      for await (const one of found) if (one === 0 && how === 'break') break;
    };
    const outcome = await listen().catch((error: unknown) => String(error));
    expect(outcome).toBe(how === 'error' ? 'Error: of 0' : undefined);
    expect(ended.toSorted()).toEqual(['0', '1', '2', 'source']);
  });
});
