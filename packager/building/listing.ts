import { readdirSync } from 'node:fs';

/** What is in a folder, in a fixed order; nothing where it can't be listed. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
