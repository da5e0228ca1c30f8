import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const server = process.env.MLGRAPH_URL ?? 'http://127.0.0.1:8765';

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('../src/mlgraph/portal/dist', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy allows files of this server only: nothing becomes a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // The libraries mark modules for React's server components, which the portal does not use.
      onLog: (level, log, report) => log.code === 'MODULE_LEVEL_DIRECTIVE' || report(level, log),
    },
  },
  // `npm run dev` serves the sources and asks a running server for everything else.
  server: { proxy: { '/api': server, '/healthz': server, '/readyz': server, '/openapi.json': server } },
});
