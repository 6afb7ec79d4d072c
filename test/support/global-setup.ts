import type { TestProject } from "vitest/node";
import { ControlServer } from "./broker/control.ts";

/** Starts the control server for the tests inside workerd, and stops it with every rig it lent. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const control = await ControlServer.start();
  project.provide("controlUrl", control.url);
  return () => control.close();
}
