// `npm run domain`: the template of the domain with the reference function inside, small enough to be deployed without any bucket.
//   node templates/build.mjs [--packed] [--bundle FILE] [--output FILE]
import { Buffer } from 'node:buffer';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import vm from 'node:vm';
import { packed } from '../handler/build.mjs';
import { CST, isCollection, isMap, isScalar, isSeq, parseDocument, Parser, Scalar, visit } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const SOURCE = path.join(root, 'templates/domain/template.yaml');

/** CloudFormation takes templates of at most 51,200 bytes inline; one of exactly that is refused too, to be safe. */
const LIMIT = 51_200;

/** Down to here mappings and lists have a line for each member; below, they stand on one line. It saves a third of the text. */
const BLOCK_DEPTH = 2;

/** What taking a text apart costs: so much must be saved by it. */
const JOINED_FROM = 40;

const ANY_DIGEST = '?'.repeat(64);

const { values: options } = parseArgs({
  options: {
    // The bundle alone would not fit; tests have small ones.
    packed: { type: 'boolean', default: false },
    bundle: { type: 'string', default: path.join(root, 'dist/handler/index.js') },
    output: { type: 'string', default: path.join(root, 'templates/domain.yaml') },
  },
});

try {
  const bundle = read(options.bundle, 'the bundle');
  const text = build(options.packed ? packed(bundle) : bundle);
  const bytes = Buffer.byteLength(text);
  if (bytes >= LIMIT) {
    throw new Error(
      `the template has ${bytes} bytes and must have fewer than ${LIMIT}: make the bundle ${bytes - LIMIT + 1} bytes smaller`,
    );
  }
  replaceFile(options.output, text);
  process.stdout.write(`${path.relative(process.cwd(), options.output)}: ${bytes} bytes of ${LIMIT - 1}\n`);
} catch (error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

function build(bundle) {
  checkBundle(bundle);
  const { version } = JSON.parse(read(path.join(root, 'package.json'), 'package.json'));
  const document = parse(read(SOURCE, 'the source'));
  const inBlocks = new Set();
  visit(document, {
    Node(_key, node, parents) {
      node.comment = node.commentBefore = null;
      node.spaceBefore = false;
      if (isScalar(node) && node.value === '{{bundle}}') {
        node.value = bundle;
        node.type = Scalar.BLOCK_LITERAL;
        for (const parent of parents) inBlocks.add(parent);
      } else if (isScalar(node) && typeof node.value === 'string') {
        node.value = node.value.replaceAll('{{version}}', version);
      }
    },
  });
  if (inBlocks.size === 0) throw new Error("the source has no place '{{bundle}}'");
  visit(document, { Seq: (_key, list) => joined(document, list) });
  withAnyDigestOnce(document);
  document.comment = document.commentBefore = null;
  // What was written down is what must be read again, whatever form it has.
  const expected = document.toJS();
  visit(document, {
    Collection(_key, node, parents) {
      node.flow = parents.filter(isMap).length >= BLOCK_DEPTH && !inBlocks.has(node);
    },
  });
  const loose = document.toString({ lineWidth: 0, indent: 1, indentSeq: false, flowCollectionPadding: false });
  const text = tightened(loose);
  if (!isDeepStrictEqual(parse(text).toJS(), expected) || !sameTags(parse(text), document)) {
    throw new Error('the template does not read as it was meant: this is a defect of the build');
  }
  return text;
}

/** A list of `!Sub` as one text that CloudFormation takes apart, with a variable for what all begin with. @returns nothing where that saves nothing */
function joined(document, list) {
  const isText = ({ tag, value }) => tag === '!Sub' && typeof value === 'string' && !value.includes(' ');
  if (!list.items.every(isText)) return undefined;
  const all = list.items.map(({ value }) => value);
  const start = sharedStart(all);
  if (start.length * (all.length - 1) < JOINED_FROM) return undefined;
  const whole = all.map((value) => `\${p}${value.slice(start.length)}`).join(' ');
  const variables = { p: tagged(document, '!Sub', start) };
  return tagged(document, '!Split', [' ', tagged(document, '!Sub', [whole, variables])]);
}

/** It ends in no variable. */
function sharedStart([first = '', ...others]) {
  let end = 0;
  while (end < first.length && others.every((other) => other[end] === first[end])) end++;
  return first.slice(0, end).replace(/\$(\{[^}]*)?$/, '');
}

/** The question marks that stand for any digest in a policy are written down once, in a mapping. */
function withAnyDigestOnce(document) {
  let isUsed = false;
  visit(document, {
    Node(_key, node) {
      const [text, variables] = isSeq(node) ? node.items : [node, document.createNode({})];
      if (node.tag !== '!Sub' || !text.value.includes(ANY_DIGEST)) return undefined;
      isUsed = true;
      variables.add(document.createPair('d', tagged(document, '!FindInMap', ['Any', 'digest', 'is'])));
      return tagged(document, '!Sub', [text.value.replaceAll(ANY_DIGEST, '${d}'), variables]);
    },
  });
  // In quotes: on one line with others a question mark begins a key, for some parsers.
  const pattern = Object.assign(new Scalar(ANY_DIGEST), { type: Scalar.QUOTE_SINGLE });
  if (isUsed) document.add(document.createPair('Mappings', { Any: { digest: { is: pattern } } }));
}

function tagged(document, tag, value) {
  return Object.assign(document.createNode(value), { tag });
}

/** Without the spaces behind commas. */
function tightened(text) {
  const isSuperfluous = ({ type }, index, all) => type === 'space' && all[index - 1]?.type === 'comma';
  const tokens = [...new Parser().parse(text)];
  for (const token of tokens.filter(({ type }) => type === 'document')) {
    CST.visit(token, (item) => {
      item.start = item.start.filter((...at) => !isSuperfluous(...at));
    });
  }
  return tokens.map((token) => CST.stringify(token)).join('');
}

/** As CloudFormation reads YAML. Its own tags stay on the nodes. */
function parse(text) {
  const document = parseDocument(text, { version: '1.1', logLevel: 'error' });
  if (document.errors.length > 0) throw new Error(`the template is no YAML: ${document.errors[0].message}`);
  return document;
}

function sameTags(one, other) {
  return isDeepStrictEqual(tagsOf(one), tagsOf(other));
}

function tagsOf(document) {
  const tags = [];
  visit(document, {
    Node(_key, node) {
      if (isScalar(node) || isCollection(node)) tags.push(node.tag?.startsWith('!') ? node.tag : undefined);
    },
  });
  return tags;
}

function checkBundle(bundle) {
  // CloudFormation keeps other characters in some places and makes `?` of them in others.
  const foreign = /[^\t\n\x20-\x7e]/u.exec(bundle);
  if (foreign !== null) {
    const code = foreign[0].codePointAt(0).toString(16).padStart(4, '0').toUpperCase();
    throw new Error(
      `the bundle has the character U+${code} at ${foreign.index}: only printable ASCII survives in a template`,
    );
  }
  if (bundle.includes('{{resolve:')) {
    throw new Error("the bundle has '{{resolve:', which CloudFormation takes for a dynamic reference, wherever it stands");
  }
  try {
    new vm.Script(bundle, { filename: options.bundle });
  } catch (error) {
    throw new Error(`the bundle is no CommonJS that could run: ${error.message}`, { cause: error });
  }
}

function read(file, what) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${what} could not be read: ${error.message}`, { cause: error });
  }
}

/** Whole or not at all. */
function replaceFile(file, text) {
  const draft = `${file}.${process.pid}.draft`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
