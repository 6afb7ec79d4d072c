import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// miniflare would ask the network for a sample `request.cf`, and wrangler write logs into the user's home.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
process.env["WRANGLER_WRITE_LOGS"] = "false";

const limits = { testTimeout: 60_000, hookTimeout: 60_000, retry: 0, maxWorkers: 2 };

export default defineConfig({
  test: {
    tags: [{ name: "long", description: "Random inputs by the hundred, or one of megabytes: not in `npm run unit`." }],
    projects: [
      { test: { ...limits, name: "unit", include: ["test/unit/**/*.test.ts"], environment: "node" } },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { CONTROL_URL: inject("controlUrl"), RELAY_API_TOKEN: "test-token" } },
          })),
        ],
        test: {
          ...limits,
          name: "worker",
          include: ["test/worker/**/*.test.ts"],
          globalSetup: ["./test/support/global-setup.ts"],
        },
      },
      {
        test: { ...limits, testTimeout: 120_000, name: "e2e", include: ["test/e2e/**/*.test.ts"], environment: "node" },
      },
    ],
  },
});
