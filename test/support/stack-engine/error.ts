/** What CloudFormation refuses before anything happens: no stack is made or touched. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  readonly code = 'ValidationError';
}

/** What an API refuses, with its own code and HTTP status. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A resource or a stack that could not be created, updated or deleted; the message is the reason in its event. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
}

/** What this engine does not know how to do. It is never silent about it. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';

  constructor(what: string) {
    super(`the stack engine does not support ${what}`);
  }
}

export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
