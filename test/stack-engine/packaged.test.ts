import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { TestProject } from '../support/project.ts';
import type { InvocationContext } from '../support/stack-engine/engine.ts';
import { StackEngine } from '../support/stack-engine/engine.ts';
import type { CustomEvent } from './records.ts';
import { TOKEN } from './records.ts';

const SHOP = path.resolve(import.meta.dirname, '../../templates/examples/shop');

/** Hands out what the template's reference names, and records nothing. */
async function handOut(event: CustomEvent, context: InvocationContext): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, ResourceProperties } = event;
  const { ArtifactArn: arn = '', Key: key = '' } = ResourceProperties;
  const Data = { Arn: arn, Bucket: 'local', Key: key, Url: `https://local.s3.eu-west-1.amazonaws.com/${key}` };
  const body = Buffer.from(
    JSON.stringify({ Status: 'SUCCESS', StackId, RequestId, LogicalResourceId, PhysicalResourceId: arn, Data }),
  );
  await context.put(event.ResponseURL, { 'content-length': String(body.length) }, body);
}

test('the shop of the examples is packaged, deployed, changed, deployed again and deleted', async () => {
  const files = readdirSync(SHOP, { recursive: true, withFileTypes: true, encoding: 'utf8' }).filter((entry) =>
    entry.isFile(),
  );
  const named = files.map((entry) => path.join(entry.parentPath, entry.name));
  const project = await TestProject.of(
    Object.fromEntries(named.map((file) => [path.relative(SHOP, file), readFileSync(file, 'utf8')])),
  );
  const events: CustomEvent[] = [];
  const engine = await StackEngine.start({
    functions: {
      [TOKEN]: {
        run: async (event: CustomEvent, context: InvocationContext) => {
          events.push(event);
          await handOut(event, context);
        },
      },
    },
    exports: { 'cfn-artifacts-ServiceToken': TOKEN },
    read: async ({ key }) => Buffer.from(project.content(key), 'latin1'),
  });
  try {
    const first = await project.package('--template-file', 'template.yaml');
    expect([first.exitCode, first.stderr]).toEqual([0, expect.any(String)]);
    const created = await engine.deploy('shop', first.text, { parameters: { Stage: 'prod' } });
    expect(created.events.filter(({ status }) => status.endsWith('FAILED'))).toEqual([]);
    expect(created.status).toBe('CREATE_COMPLETE');
    expect(created.outputs['Url']).toMatch(/^https:\/\/shop-Api-\w+\.execute-api\.eu-west-1\.amazonaws\.com\/prod$/);
    const orders = engine.stack('shop')?.resources.get('Orders');
    expect(orders?.properties).toMatchObject({ Environment: { Variables: { TABLE: 'shop-orders-prod' } } });
    const creations = events.length;
    expect(creations).toBeGreaterThan(3);

    project.write({ 'functions/orders/index.mjs': 'export const handler = async () => "changed";\n' });
    const second = await project.package('--template-file', 'template.yaml');
    const updated = await engine.deploy('shop', second.text);
    expect(updated.status).toBe('UPDATE_COMPLETE');
    expect(events.slice(creations).map(({ RequestType: type }) => type)).toEqual(['Update', 'Delete']);
    expect((await engine.deleteStack('shop')).status).toBe('DELETE_COMPLETE');
    expect(events.filter(({ RequestType: type }) => type === 'Delete')).toHaveLength(creations + 1);
  } finally {
    await engine.settle();
    await engine.stop();
  }
});
