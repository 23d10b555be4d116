/** The variables that a process was given, as they are handed on. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Set to something: an empty variable counts as absent, as with the AWS CLI. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
