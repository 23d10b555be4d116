import type { Agents } from './proxy.ts';

/** What every client of ours is made with. */
export interface ClientConfig {
  readonly region: string;
  readonly profile: string;
  readonly credentials: () => Promise<Credentials>;
  readonly requestHandler: HandlerOptions;
  readonly maxAttempts?: number;
  readonly retryMode: string;
  readonly endpoint?: string;
  readonly ignoreConfiguredEndpointUrls: boolean;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
  readonly userAgentAppId: () => Promise<string | undefined>;
  readonly customUserAgent: [string, string?][];
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface HandlerOptions extends Agents {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
}
