import { CONFIGURATION_PROPERTIES } from './configuration.ts';
import { CORE_PROPERTIES } from './core.ts';
import { DATA_PROPERTIES } from './data.ts';
import { RUNTIME_PROPERTIES } from './runtime.ts';
import { entriesOf } from './property.ts';
import type { PropertyEntry, PropertyTable, WrittenTable } from './property.ts';

/** A type may have entries in several. */
export const BUILT_IN_PROPERTIES: readonly WrittenTable[] = [
  CORE_PROPERTIES,
  RUNTIME_PROPERTIES,
  CONFIGURATION_PROPERTIES,
  DATA_PROPERTIES,
];

/** The built-in table with a user's entries, which take the place of built-in ones of the same type and path. */
export function propertyTable(users: readonly PropertyEntry[] = []): PropertyTable {
  const byPlace = new Map<string, PropertyEntry>();
  for (const entry of [...BUILT_IN_PROPERTIES.flatMap(entriesOf), ...users]) {
    byPlace.set(JSON.stringify([entry.type, entry.path]), entry);
  }
  const table = new Map<string, PropertyEntry[]>();
  for (const entry of byPlace.values()) {
    const ofType = table.get(entry.type);
    if (ofType === undefined) table.set(entry.type, [entry]);
    else ofType.push(entry);
  }
  return table;
}
