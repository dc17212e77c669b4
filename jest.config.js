/**
 * Three projects: `unit` (specs beside the source, no I/O), `e2e` (real brokers, real clients, HTTP) and `faults` (the
 * same through injected faults; `docs/faults.md`).
 * TypeScript is compiled by swc with the decorators Nest needs; modules stay ES modules.
 */
const transform = {
  // An ES module that @fastify/static (CommonJS) requires: Node 20.19 can do that, Jest on it cannot.
  '/node_modules/content-disposition/.+\\.js$': [
    '@swc/jest',
    { swcrc: false, jsc: { target: 'es2023' }, module: { type: 'commonjs' } },
  ],
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
        keepClassNames: true,
      },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    },
  ],
};

const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@mqtt-client-control/client$': '<rootDir>/client/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform,
  transformIgnorePatterns: ['/node_modules/(?!content-disposition/)'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/client/dist/',
    '<rootDir>/console/dist/',
    '<rootDir>/.cache/',
  ],
};

export default {
  testSequencer: '<rootDir>/test/support/slow-first.js',
  // What takes a second here may take ten where others work, too; `until` fails before it, and says what it waited for.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/client', '<rootDir>/console'],
      testMatch: ['**/*.spec.ts'],
    },
    { ...common, displayName: 'e2e', roots: ['<rootDir>/test'], testMatch: ['**/*.e2e-spec.ts'] },
    {
      ...common,
      displayName: 'faults',
      roots: ['<rootDir>/test/faults'],
      testMatch: ['**/*.fault-spec.ts'],
      globalSetup: '<rootDir>/test/faults/support/forget-figures.js',
      globalTeardown: '<rootDir>/test/faults/support/print-figures.js',
    },
  ],
};
