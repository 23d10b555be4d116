import { ArtifactError } from '../../repository/error.ts';
import { DEFLATE_MODULE } from './deflate-module.ts';

/** Content up to this size is one piece; larger content is cut into pieces of this size, which can be compressed apart. Bytes. */
export const PIECE_SIZE: number = 1024 * 1024;
/** So much of what precedes a piece may be referred to from inside it. Bytes. */
export const DICTIONARY_SIZE: number = 32 * 1024;

/** The deflate of archive format 1: the same bytes on every machine. Its memory is reused, so one at a time. */
export interface Deflater {
  /** Where the next input is put, DICTIONARY_SIZE + PIECE_SIZE bytes: read straight into it and nothing is copied. */
  readonly input: Buffer;
  /**
   * Compresses `length` bytes of `input`, those behind the first `dictionary`. A stream that isn't ended goes on with the next piece, from a byte
   * boundary. The result is valid until the next call.
   */
  compress(dictionary: number, length: number, end: 'end' | 'more'): Uint8Array;
}

interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly INPUT: { readonly value: number };
  readonly INPUT_LIMIT: { readonly value: number };
  readonly OUTPUT: { readonly value: number };
  readonly deflate: (dictionary: number, length: number, final: 0 | 1) => number;
}

/** The part of the WebAssembly API that is used here; the types of Node.js 20 lack it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** 4 MiB of memory each. @throws ArtifactError INVALID_CONFIGURATION where this Node.js was started without WebAssembly */
export function createDeflater(): Deflater {
  const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyApi };
  if (api === undefined) {
    throw new ArtifactError('INVALID_CONFIGURATION', 'archives are made by WebAssembly, which this Node.js lacks', {
      remedy: 'Start Node.js without --jitless.',
    });
  }
  const { Module, Instance } = api;
  const { exports } = new Instance(new Module(Buffer.from(DEFLATE_MODULE, 'base64')));
  const { memory, INPUT, INPUT_LIMIT, OUTPUT, deflate } = exports as DeflateExports;
  return {
    input: Buffer.from(memory.buffer, INPUT.value, INPUT_LIMIT.value),
    compress: (dictionary, length, end) => {
      if (dictionary > DICTIONARY_SIZE || length > PIECE_SIZE) throw new RangeError('more than a piece to deflate');
      const size = deflate(dictionary, length, end === 'end' ? 1 : 0);
      return new Uint8Array(memory.buffer, OUTPUT.value, size);
    },
  };
}

let shared: Deflater | undefined;

/** The one of this thread, made when it is first needed. */
export function threadDeflater(): Deflater {
  shared ??= createDeflater();
  return shared;
}
