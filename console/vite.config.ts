import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { NONCE_PLACEHOLDER } from "./build.ts";

/** Splits by page; what every page needs goes into two chunks of its own, which change less often than our code. */
export default defineConfig({
  root: import.meta.dirname ?? ".",
  base: "/console/",
  html: { cspNonce: NONCE_PLACEHOLDER },
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](?:react|react-dom|scheduler|react-router)@?[^\\/]*[\\/]/ },
          ],
        },
      },
    },
  },
});
