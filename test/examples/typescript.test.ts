import { cpSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Deployed } from '../packager/building/lambda.ts';
import { TestProject } from '../support/project.ts';
import { EXAMPLES } from './example.ts';

async function example(): Promise<TestProject> {
  const project = await TestProject.of({});
  cpSync(path.join(EXAMPLES, 'typescript'), project.folder, { recursive: true });
  return project;
}

describe('the example in TypeScript', () => {
  test('runs as it was packaged', async () => {
    const project = await example();
    const outcome = await project.package();
    expect(outcome.exitCode).toBe(0);
    const [quote, convert] = ['Quote', 'Convert'].map((id) => new Deployed(project, outcome, id));
    expect([quote?.files, convert?.files]).toEqual([['quote.js', 'quote.js.map'], ['convert.mjs']]);
    expect(quote?.call({ pathParameters: { currency: 'USD' } })).toEqual({
      statusCode: 200,
      body: '{"currency":"USD","rate":1.25}',
    });
    expect(quote?.call({ pathParameters: { currency: 'XXX' } })).toMatch(/shared\/rates\.ts:6/);
    expect(convert?.call({ body: '{"amount": 5, "from": "USD", "to": "JPY"}' })).toMatchObject({
      body: '{"amount":640,"currency":"JPY"}',
    });
  });

  test('has new content where its sources have', async () => {
    const project = await example();
    const versions = async (): Promise<Record<string, string>> => {
      const { text } = await project.package();
      return Object.fromEntries(
        [...text.matchAll(/functions\/(\w+):(\d+)@/g)].map(([, name = '', version = '']) => [name, version]),
      );
    };
    expect(await versions()).toEqual({ quote: '1', convert: '1' });
    project.write({ 'src/functions/quote.ts': `${project.read('src/functions/quote.ts')}\nexport const more = 1;\n` });
    expect(await versions()).toEqual({ quote: '2', convert: '1' });
    project.write({ 'src/shared/rates.ts': project.read('src/shared/rates.ts').replace('160', '170') });
    expect(await versions()).toEqual({ quote: '3', convert: '2' });
  });
});
