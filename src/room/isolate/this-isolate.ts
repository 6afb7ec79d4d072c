/** EFFECTS: the one memory that all objects of this isolate share. */
import { Isolate } from "./isolate.ts";

export const thisIsolate = new Isolate();
