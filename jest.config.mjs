// Nothing of one run may play a part in another: who tests what is remembered says where.
process.env.CFN_ARTIFACTS_CACHE = 'off';

export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  randomize: true,
  coverageProvider: 'babel',
  collectCoverageFrom: ['cdk/**/*.ts', 'repository/**/*.ts', 'packager/**/*.ts', 'handler/**/*.ts'],
  // For what hangs; some stories are told in tens of thousands of orders, and a machine may be slow.
  testTimeout: 600_000,
  // Half of the time tests wait for processes and servers of their own.
  maxWorkers: '100%',
  // What a suite leaves behind in a worker makes the next ones slow: after so much a new one begins.
  workerIdleMemoryLimit: '400MB',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
