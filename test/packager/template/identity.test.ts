import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Template } from '../../../packager/template/template.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';
import { CORPUS } from './corpus.ts';
import { dataOf, nodesOf, readIndependently } from './independent.ts';
import { whySkipped } from '../../support/where.ts';

/** Wrong on purpose, and two that have a key twice. */
const BROKEN =
  /child-broken-yaml|duplicate-keys|cognito-sns-sms-origination-id|stepfunction-redshift-batchexecutestatement/;

const inCorpus = CORPUS.length > 0 ? describe : describe.skip;

inCorpus(`every template of the corpus${whySkipped(CORPUS.length > 0, 'there is no shared corpus')}`, () => {
  const templates = CORPUS.flatMap(({ name, source }) => {
    try {
      return [{ name, source, template: parseTemplate(source, name, { kind: 'fragment' }) }];
    } catch (error) {
      if (BROKEN.test(name)) return [];
      throw error;
    }
  });

  test('there are hundreds', () => {
    expect(templates.length).toBeGreaterThan(550);
  });

  test.each(templates)('$name', ({ source, template }) => {
    const independent = readIndependently(source);
    if (independent !== undefined) expect(dataOf(template.root)).toEqual(independent.data);
    if (!/^\s*<<:|[:[,-] ?\*\w/m.test(source)) expect(template.text).toBe(source);
    expectPositionsToHold(template);
  });
});

/** What stands at a scalar's and a key's position is that scalar and that key, read alone. */
function expectPositionsToHold({ root, text, syntax }: Template): void {
  const wrong: string[] = [];
  const alone = (start: number, end: number): unknown => {
    const piece = text.slice(start, end);
    return syntax === 'json' ? JSON.parse(piece) : parse(` ${piece}`, { schema: 'failsafe', logLevel: 'silent' });
  };
  for (const node of nodesOf(root)) {
    if (node.kind === 'scalar' && node.style === 'flow' && node.start < node.end) {
      const value = alone(node.start, node.end);
      if (typeof node.value === 'string' ? value !== node.value : value === undefined) {
        wrong.push(`${node.start}-${node.end}: ${String(value)}`);
      }
    }
    if (node.kind === 'map' && !node.short) {
      for (const { key, keyStart, keyEnd } of node.entries) {
        if (alone(keyStart, keyEnd) !== key) wrong.push(`${keyStart}-${keyEnd}: ${key}`);
      }
    }
  }
  expect(wrong).toEqual([]);
}
