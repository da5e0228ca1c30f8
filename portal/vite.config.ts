import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const server = process.env.MLGRAPH_URL ?? 'http://127.0.0.1:8765';

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('../src/mlgraph/portal/dist', import.meta.url)),
    emptyOutDir: true,
    target: 'es2024',
    // The Content-Security-Policy allows files of this server only: nothing becomes a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // The libraries mark modules for React's server components, which the portal does not use.
      // What every page needs changes seldom: a chunk of its own stays in the browser over our releases.
      output: { codeSplitting: { groups: [{ name: 'vendor', test: /node_modules\/(react|react-dom|scheduler|@tanstack)\// }] } },
      onLog: (level, log, report) => log.code === 'MODULE_LEVEL_DIRECTIVE' || report(level, log),
    },
  },
  test: { environment: 'node', isolate: false, include: ['src/**/*.test.ts'] },
  // `npm run dev` serves the sources and asks a running server for everything else.
  server: { proxy: { '/api': server, '/healthz': server, '/readyz': server, '/openapi.json': server } },
});
