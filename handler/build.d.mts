/** See build.mjs. */
export declare const BUNDLE_LIMIT: number;
export declare function bundleReference(): Promise<{
  readonly text: string;
  readonly parts: Readonly<Record<string, number>>;
}>;
export declare function packed(text: string): string;
