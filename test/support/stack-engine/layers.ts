import type { Code } from './code.ts';
import type { ValueMap } from './value.ts';

export interface LayerVersion {
  readonly name: string;
  readonly number: number;
  readonly arn: string;
  readonly code: Code;
  readonly properties: ValueMap;
  readonly created: Date;
}

/** The versions of layers that stacks made and that are not deleted. A number is never given twice. */
export class LayerBook {
  readonly #versions = new Map<string, LayerVersion>();
  readonly #last = new Map<string, number>();

  /** `arnOf`: of a version with that number. */
  publish(
    layer: Pick<LayerVersion, 'name' | 'code' | 'properties' | 'created'>,
    arnOf: (number: number) => string,
  ): LayerVersion {
    const number = (this.#last.get(layer.name) ?? 0) + 1;
    this.#last.set(layer.name, number);
    const version = { ...layer, number, arn: arnOf(number) };
    this.#versions.set(version.arn, version);
    return version;
  }

  remove(arn: string): void {
    this.#versions.delete(arn);
  }

  find(arn: string): LayerVersion | undefined {
    return this.#versions.get(arn);
  }

  names(): readonly string[] {
    return [...new Set([...this.#versions.values()].map(({ name }) => name))];
  }

  /** Newest first, as Lambda lists them. */
  versions(name: string): readonly LayerVersion[] {
    return [...this.#versions.values()].filter((version) => version.name === name).reverse();
  }
}
