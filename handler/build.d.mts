/** See build.mjs. */
export declare const BUNDLE_LIMIT: number;
interface Bundle {
  readonly text: string;
  readonly parts: Readonly<Record<string, number>>;
}
export declare function bundleReference(): Promise<Bundle>;
export declare function bundleKeeper(): Promise<Bundle>;
export declare function packed(text: string): string;
export declare function inAscii(bytes: Uint8Array): string;
