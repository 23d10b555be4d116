/** Of an event that was carried out. */
export interface Outcome {
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, string>>;
  /** Bindings. */
  readonly added?: number;
  readonly removed?: number;
}

/** The ID to answer with if the event fails, or is given up, from here on. */
export interface Failing {
  physicalId: string;
}
