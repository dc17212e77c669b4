import { defineConfig } from '@hey-api/openapi-ts';

// `npm run client` writes client/src/generated/ with this.
export default defineConfig({
  input: 'openapi.json',
  output: {
    path: process.env.CLIENT_OUTPUT ?? 'client/src/generated',
    importFileExtension: '.js',
    // The generator's own code is not written for our compiler options; its types are checked where they are used.
    header: ({ defaultValue }) => [...defaultValue, '// @ts-nocheck'],
    clean: true,
  },
  parser: {
    filters: {
      // Streams of events are beyond the generator: see client/src/events.
      operations: { exclude: ['/^GET .+\\/events$/'] },
      orphans: true,
    },
  },
  plugins: [
    { name: '@hey-api/client-fetch', throwOnError: true, baseUrl: false },
    '@hey-api/typescript',
    {
      name: '@hey-api/sdk',
      operations: { strategy: 'single', containerName: 'Operations', methods: 'instance' },
    },
  ],
  logs: { level: 'error', file: false },
});
