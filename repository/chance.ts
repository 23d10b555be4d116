/** Time and chance, handed in: proofs replay them. */
export interface Chance {
  readonly now: () => Date;
  /** A name that nobody else ever makes: at least 64 random bits, letters and digits. */
  readonly nonce: () => string;
  /** Resolves after about that many milliseconds; how a retry waits. */
  readonly pause: (milliseconds: number) => Promise<void>;
}
