import { types } from 'node:util';

/**
 * Under Jest what Node itself throws is made in another realm, so that no `instanceof Error` of this one knows it; the AWS SDK then wraps it and
 * loses its code. From here on `instanceof Error` knows every error, as it does outside of Jest.
 */
export function knowEveryError(): void {
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, candidate: unknown): boolean {
      const known = Function.prototype[Symbol.hasInstance].call(this as () => void, candidate);
      return known || (this === Error && types.isNativeError(candidate));
    },
  });
}
