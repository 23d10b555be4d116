import { greeting } from './greeting';

export const handler = (event: { readonly name?: string }): Promise<string> =>
  Promise.resolve(greeting(event.name ?? 'world'));
