import type { MapNode, TemplateNode } from '../node.ts';
import { valueOf } from '../node.ts';

/** What the Metadata of a function or layer says of how its code is built. */
export type BuildMethod =
  /** Bundled here. `properties`: what stands behind BuildProperties, unread. */
  | { readonly kind: 'esbuild'; readonly properties?: TemplateNode }
  /** Built by `sam build`: `makefile`, `go1.x`, `python3.13`, `rust-cargolambda` … as written. */
  | { readonly kind: 'sam'; readonly method: string };

/**
 * How a resource wants to be built, if its Metadata says so; what `sam build` concludes from the runtime alone is not considered here.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/building-custom-runtimes.html
 *
 * @param resource the whole resource: Type, Properties, Metadata
 * @param textOf what a value comes to before the deploy, if that is known
 * @returns undefined too where `SkipBuild` says that all is built
 */
export function buildMethodOf(
  resource: MapNode,
  textOf: (node: TemplateNode) => string | undefined,
): BuildMethod | undefined {
  const metadata = valueOf(resource, 'Metadata');
  const said = (name: string): string | undefined => {
    const node = valueOf(metadata, name);
    return node === undefined ? undefined : textOf(node);
  };
  const method = said('BuildMethod');
  if (method === undefined || method === '' || said('SkipBuild')?.toLowerCase() === 'true') return undefined;
  if (method !== 'esbuild') return { kind: 'sam', method };
  const properties = valueOf(metadata, 'BuildProperties');
  return { kind: 'esbuild', ...(properties !== undefined && { properties }) };
}
