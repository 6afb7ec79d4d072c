/** What can happen to a broker that is there, and to the clock. */
import type { ModelBroker } from "./broker.ts";
import type { ModelClock } from "./clock.ts";
import type { CoreCommand } from "./core-commands.ts";

export type Disturbance = Extract<
  CoreCommand,
  { readonly do: "freeze" | "delay" | "hurry" | "lose-one" | "lose-leader" | "elect" | "set-back" }
>;

export function disturb(command: Disturbance, broker: ModelBroker, clock: ModelClock): void {
  switch (command.do) {
    case "freeze":
      broker.isFrozen = true;
      broker.isPrompt = false;
      return;
    case "delay":
      broker.isPrompt = false;
      return;
    case "hurry":
      return broker.hurry();
    case "lose-one":
      return broker.loseOne();
    case "lose-leader":
      broker.isLeaderless = true;
      return;
    case "elect":
      broker.isLeaderless = false;
      return;
    case "set-back":
      return clock.setBack(command.ms);
  }
}
