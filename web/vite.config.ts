import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = process.env.LOGATLAS_URL ?? "http://127.0.0.1:7171";
// The server takes what changes something only from its own pages.
const proxied = { target: server, changeOrigin: true, headers: { origin: server } };

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The content security policy allows no inline script, style or data font.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        // A catalogue is called after its language, so that the budget can count one of them.
        chunkFileNames: ({ facadeModuleId }) => {
          const language = /\/src\/texts\/([a-z]+)\/index\.ts$/.exec(facadeModuleId ?? "")?.[1];
          return language ? `assets/texts-${language}-[hash].js` : "assets/[name]-[hash].js";
        },
      },
    },
  },
  server: { proxy: { "/api": proxied, "/geo": proxied } },
  // The limit is for what never ends; how fast the machine is decides nothing.
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 120_000 },
});
