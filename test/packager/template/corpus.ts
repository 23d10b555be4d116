import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const SHARED = path.resolve(import.meta.dirname, '../../../../shared');

/** The templates that lie beside the project where it is developed: name and text. Elsewhere there are none. */
export const CORPUS: readonly { readonly name: string; readonly source: string }[] = existsSync(SHARED)
  ? [...singleTemplates(), ...corpusTemplates()]
  : [];

function singleTemplates(): { name: string; source: string }[] {
  const folder = path.join(SHARED, 'templates');
  return readdirSync(folder)
    .filter((name) => name !== 'index.json')
    .map((name) => ({ name: `templates/${name}`, source: readFileSync(path.join(folder, name), 'utf8') }));
}

/** Every YAML and JSON file of the corpus that is a template, the nested ones too. */
function corpusTemplates(): { name: string; source: string }[] {
  const folder = path.join(SHARED, 'corpus');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\/input\/.*\.(?:ya?ml|json|template)$/.test(name) && !name.includes('node_modules'))
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .map((name) => ({ name: `corpus/${name}`, source: readFileSync(path.join(folder, name), 'utf8') }))
    .filter(({ source }) => /Resources|AWSTemplateFormatVersion/.test(source));
}
