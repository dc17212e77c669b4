import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/**
 * The page is served at `/console/` under `script-src 'self'; style-src 'self'`: nothing may be written into the HTML,
 * no asset may become a `data:` address, and the polyfill of `modulepreload`, an inline script, stays out.
 */
export default defineConfig(({ command }) => ({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative: the service writes the way to it into the page, so that a path prefix of a proxy does not matter.
  base: command === 'build' ? './' : '/console/',
  resolve: {
    alias: {
      '@mqtt-client-control/client': fileURLToPath(new URL('../client/src/index.ts', import.meta.url)),
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
  server: {
    // For work on the page: the API of a service that runs beside it.
    proxy: { '/api': process.env.SERVICE_URL ?? 'http://127.0.0.1:3000' },
  },
}));
