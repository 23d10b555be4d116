import { customProvider } from './custom-provider.ts';
import { isCustom } from './custom-resource.ts';
import { nestedProvider } from './nested.ts';
import type { Provider } from './provider.ts';
import { plainProvider } from './resource-type.ts';
import type { World } from './world.ts';

/** Who carries out resources of a type. */
export function providerOf(type: string, world: World): Provider {
  if (isCustom(type)) return customProvider(type, world);
  if (type === 'AWS::CloudFormation::Stack') return nestedProvider(world);
  return plainProvider(type, world);
}
