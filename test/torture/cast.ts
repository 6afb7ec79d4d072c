/** DOOR: the clients of a run, plain ones and streams, with what they need. */
import { Client } from "./client.ts";
import type { Participant } from "./participant.ts";
import type { Plan } from "./plan.ts";
import { NodeSeat } from "./seat-node.ts";
import type { Pages } from "./seat-page.ts";
import { Path } from "./viewer-path.ts";
import type { ViewerPlan } from "./viewer-plan.ts";
import { Viewer } from "./viewer.ts";
import type { World } from "./world.ts";

/** The browser, or null when nobody needs one. */
export async function openPages({ viewerPlans }: Plan): Promise<Pages | null> {
  const pages = viewerPlans.filter(({ home }) => home === "chromium").map(({ page }) => page + 1);
  if (pages.length === 0) return null;
  // Whoever asks for no browser needs no esbuild and no Playwright either.
  const { Pages: Browser } = await import("./seat-page.ts");
  return Browser.open(Math.max(...pages));
}

/** Everybody, and the paths of the streams on the stack: one each, save for those that share a socket. */
export async function engage(
  world: World,
  relayPort: number,
  pages: Pages | null,
  stack: AsyncDisposableStack,
): Promise<Participant[]> {
  const { clientPlans, viewerPlans } = world.plan;
  const openPath = async (): Promise<Path> => stack.use(await Path.start(() => relayPort));
  const shared = viewerPlans.some(({ isShared }) => isShared) ? await openPath() : null;
  const viewers: Viewer[] = [];
  for (const plan of viewerPlans) {
    const path = plan.isShared && shared !== null ? shared : await openPath();
    viewers.push(new Viewer(plan, world, path, (onTrouble) => seatOf(plan, pages, onTrouble)));
  }
  const clients: Client[] = [];
  for (const plan of clientPlans) clients.push(new Client(plan, world, plan.losesLine ? await openPath() : null));
  return [...clients, ...viewers];
}

function seatOf(
  { id, page, seed, isStoreSlow, home }: ViewerPlan,
  pages: Pages | null,
  onTrouble: (text: string) => void,
): NodeSeat | ReturnType<Pages["seat"]> {
  return home === "chromium" && pages !== null ? pages.seat(page, id, onTrouble) : new NodeSeat(isStoreSlow, seed);
}
