import { createHash } from 'node:crypto';
import type { CacheFiles } from './archive/cache-files.ts';
import { programIdentity } from './program/identity.ts';
import type { ReadTemplate, TemplateMemory } from './template/memory.ts';

const KIND = 'templates';

/**
 * Keeps it in files of the cache, for the program alone that found it out.
 * @returns undefined where that has no identity
 */
export function templateMemory(
  files: CacheFiles,
  program: string | undefined = programIdentity(),
): TemplateMemory | undefined {
  if (program === undefined) return undefined;
  const nameOf = (...values: readonly string[]): string =>
    createHash('sha256')
      .update(JSON.stringify([program, ...values]))
      .digest('hex');
  return {
    recall(source, kind) {
      const name = nameOf('tree', kind, source);
      const bytes = files.read(KIND, name);
      return bytes && readIn(bytes.toString(), name);
    },
    remember(source, kind, read) {
      const name = nameOf('tree', kind, source);
      const text = textOf({ of: name, ...read });
      if (text !== undefined) files.write(KIND, name, [Buffer.from(text)]);
    },
    isVerified(before, after) {
      const name = nameOf('verified', before, after);
      return files.read(KIND, name)?.toString() === name;
    },
    verified(before, after) {
      const name = nameOf('verified', before, after);
      // A file that is given another's name says nothing of it.
      files.write(KIND, name, [Buffer.from(name)]);
    },
  };
}

function readIn(text: string, name: string): ReadTemplate | undefined {
  try {
    const { of, syntax, root } = JSON.parse(text) as ReadTemplate & { readonly of: string };
    return of === name ? { syntax, root } : undefined;
  } catch {
    return undefined;
  }
}

/** `undefined` of what JSON would give back as something else. */
function textOf(value: ReadTemplate & { readonly of: string }): string | undefined {
  const inexact: number[] = [];
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'number' && (!Number.isFinite(member) || Object.is(member, -0))) inexact.push(member);
    return member;
  });
  return inexact.length === 0 ? text : undefined;
}
