export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  randomize: true,
  coverageProvider: 'babel',
  collectCoverageFrom: ['repository/**/*.ts', 'packager/**/*.ts', 'handler/**/*.ts'],
  testTimeout: 120_000,
  // Half of the time tests wait for processes and servers of their own.
  maxWorkers: '100%',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
