import { describe, expect, test } from '@jest/globals';
import type { Changes } from '../../../packager/template/rewrite/rewrite.ts';
import { rewriteTemplate, verifyRewrite } from '../../../packager/template/rewrite/rewrite.ts';
import { parseTemplate } from '../../../packager/template/text/parse.ts';

const PROPERTIES = '/Resources/F/Properties';

function changed(text: string, ...settings: NonNullable<Changes['settings']>): string {
  const template = parseTemplate(text, 'template.yaml', { kind: 'template' });
  return rewriteTemplate(template, { rewrites: [], references: [], settings });
}

describe('what a build sets', () => {
  test.each([
    ['Handler: a/b.c', 'Handler: b.c'],
    ["Handler: 'a/b.c' # why", "Handler: 'b.c' # why"],
    ['Handler: !Ref H', 'Handler: b.c'],
    ['Handler: {Ref: H}', 'Handler: b.c'],
    ['Handler:', 'Handler: b.c'],
    ['Timeout: 3', 'Timeout: 3\n      Handler: b.c'],
  ])('%s', (before, after) => {
    const text = (line: string): string => `Resources:\n  F:\n    Properties:\n      ${line}\n`;
    expect(changed(text(before), { pointer: `${PROPERTIES}/Handler`, text: 'b.c' })).toBe(text(after));
  });

  test('comes into maps that are made for it, once for several', () => {
    const variables = `${PROPERTIES}/Environment/Variables`;
    const text = changed(
      'Resources:\n  F:\n    Type: T\n    Properties: {A: 1}\n',
      { pointer: `${variables}/ONE`, text: '1' },
      { pointer: `${variables}/TWO`, text: '2' },
      { pointer: `${PROPERTIES}/Handler`, text: 'b.c' },
    );
    expect(text).toBe(
      "Resources:\n  F:\n    Type: T\n    Properties: {A: 1, Environment: {Variables: {ONE: '1', TWO: '2'}}, Handler: b.c}\n",
    );
  });

  test('has room beside a macro in its short form', () => {
    const text = changed('Resources:\n  F:\n    Properties: !Transform {Name: Macro}\n', {
      pointer: `${PROPERTIES}/Handler`,
      text: 'b.c',
    });
    expect(text).toMatch(/Fn::Transform: \{Name: Macro\}\n +Handler: b\.c\n$/);
  });

  test('that did not come out as it was meant is a defect', () => {
    const template = parseTemplate('Resources:\n  F:\n    Properties: {Handler: a/b.c}\n', 't', { kind: 'template' });
    const changes: Changes = {
      ...{ rewrites: [], references: [] },
      settings: [{ pointer: `${PROPERTIES}/Handler`, text: 'b.c' }],
    };
    expect(() => {
      verifyRewrite(template, changes, 'Resources:\n  F:\n    Properties: {Handler: b.c}\n');
    }).not.toThrow();
    for (const wrong of ['{Handler: c.b}', '{Handler: !Ref b.c}', '{Other: b.c}', '{Handler: b.c, Other: 1}', '{}']) {
      expect(() => {
        verifyRewrite(template, changes, `Resources:\n  F:\n    Properties: ${wrong}\n`);
      }).toThrow(/was rewritten wrongly/);
    }
  });
});
