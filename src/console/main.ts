/** EFFECTS: the script of the page. */
import { ConsolePage } from "./console-page.ts";

new ConsolePage().start();
