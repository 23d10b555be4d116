'use strict';

// Lambda's Node.js runtime, as far as a handler can tell: the program of the child processes that run functions. Events come as lines of JSON on descriptor 3,
// outcomes go as lines to descriptor 4. Between events it stands in a blocking read: frozen, whatever was left running.

const { readSync, writeSync } = require('node:fs');
const { pathToFileURL } = require('node:url');

const EVENTS = 3;
const OUTCOMES = 4;
let unread = Buffer.alloc(0);

function nextLine() {
  for (;;) {
    const end = unread.indexOf(10);
    if (end >= 0) {
      const line = unread.subarray(0, end).toString();
      unread = unread.subarray(end + 1);
      return line;
    }
    const piece = Buffer.alloc(65536);
    let size;
    try {
      size = readSync(EVENTS, piece);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      continue;
    }
    if (size === 0) process.exit(0);
    unread = Buffer.concat([unread, piece.subarray(0, size)]);
  }
}

function tell(outcome) {
  writeSync(OUTCOMES, `${JSON.stringify(outcome)}\n`);
}

function described(error) {
  return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

async function load(file, name) {
  const module = await import(pathToFileURL(file).href);
  const handler = module[name] ?? module.default?.[name];
  if (typeof handler !== 'function')
    throw new Error(`Runtime.HandlerNotFound: index.${name} is undefined or not exported`);
  if (handler.length >= 3) throw new Error('Runtime.CallbackHandlerDeprecated');
  return handler;
}

function crashed(error) {
  tell({ ...described(error), fatal: true });
  process.exit(129);
}

process.on('uncaughtException', crashed);
process.on('unhandledRejection', crashed);

async function main() {
  const [file, name] = process.argv.slice(2);
  const handler = await load(file, name);
  for (;;) {
    const { event, context, timeoutMs } = JSON.parse(nextLine());
    const deadline = Date.now() + timeoutMs;
    const given = {
      ...context,
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST',
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    let outcome;
    try {
      outcome = { result: await handler(event, given) };
    } catch (error) {
      outcome = described(error);
    }
    tell(outcome);
  }
}

void main().catch(crashed);
