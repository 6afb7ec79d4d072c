import { expectTypeOf, test } from "vitest";
import type * as client from "../../../src/client/index.ts";
import type {
  CLOSE,
  CloudEvent,
  cursorIn,
  EventStream,
  EventStreamOptions,
  RelayError,
  StreamItem,
  StreamState,
} from "../../../src/client/index.ts";

interface Started {
  readonly type: "started";
  readonly data: { readonly n: number };
}

test("the package's values are these four", () => {
  expectTypeOf<keyof typeof client>().toEqualTypeOf<"CLOSE" | "EventStream" | "RelayError" | "cursorIn">();
});

test("a stream is generic over its event, a CloudEvent by default", () => {
  type Items<Stream> = Stream extends AsyncIterable<infer Item> ? Item : never;
  expectTypeOf<Items<EventStream>>().toEqualTypeOf<StreamItem>();
  expectTypeOf<Items<EventStream<Started>>>().toEqualTypeOf<{
    readonly seq: number;
    readonly event: Started;
    readonly subject?: string | undefined;
    readonly time?: string | undefined;
  }>();
  expectTypeOf<EventStream<Started>["subscribe"]>().parameter(0).parameter(0).toEqualTypeOf<StreamItem<Started>>();
  expectTypeOf<EventStream["subscribe"]>().returns.toEqualTypeOf<() => void>();
  expectTypeOf<StreamItem<CloudEvent<{ n: number }>>["event"]["data"]>().toEqualTypeOf<{ n: number } | undefined>();
});

test("a handler may return anything: a promise is waited for", () => {
  expectTypeOf<(item: StreamItem) => Promise<void>>().toExtend<Parameters<EventStream["subscribe"]>[0]>();
  expectTypeOf<() => void>().toExtend<Parameters<EventStream["subscribe"]>[0]>();
  expectTypeOf<(items: StreamItem[]) => void>().not.toExtend<Parameters<EventStream["subscribe"]>[0]>();
});

test("the state is a tagged union: each kind has its own fields", () => {
  expectTypeOf<StreamState["kind"]>().toEqualTypeOf<"connecting" | "replaying" | "live" | "waiting" | "closed">();
  type Of<Kind> = Extract<StreamState, { kind: Kind }>;
  expectTypeOf<Of<"waiting">["error"]>().toEqualTypeOf<RelayError>();
  expectTypeOf<Of<"waiting">["retryAtMs"]>().toEqualTypeOf<number>();
  expectTypeOf<Of<"closed">["error"]>().toEqualTypeOf<RelayError | null>();
  expectTypeOf<Of<"live">["upstream"]>().toEqualTypeOf<"connected" | "reconnecting">();
  expectTypeOf<Of<"connecting">>().not.toHaveProperty("error");
  expectTypeOf<EventStream["state"]>().toEqualTypeOf<StreamState>();
  expectTypeOf<EventStream["cursor"]>().toEqualTypeOf<{
    readonly seq: number;
    readonly epoch?: string | undefined;
  } | null>();
  expectTypeOf<EventStream["skipped"]>().toEqualTypeOf<number>();
});

test("statechange carries the state, other events are as they are", () => {
  const check = (stream: EventStream): void => {
    stream.addEventListener("statechange", (event) => {
      expectTypeOf(event.detail).toEqualTypeOf<StreamState>();
    });
    stream.addEventListener("other", (event) => {
      expectTypeOf(event).toEqualTypeOf<Event>();
    });
  };
  expectTypeOf(check).toBeFunction();
});

test("options say what they need", () => {
  expectTypeOf<{ url: string }>().toExtend<EventStreamOptions>();
  expectTypeOf<{ url: URL; token: () => Promise<string> }>().toExtend<EventStreamOptions>();
  expectTypeOf<{ token: string }>().not.toExtend<EventStreamOptions>();
  expectTypeOf<{ url: string; since: string }>().not.toExtend<EventStreamOptions>();
  expectTypeOf<ReturnType<NonNullable<EventStreamOptions["onReset"]>>>().toExtend<unknown>();
  expectTypeOf<Storage>().toExtend<Parameters<typeof cursorIn>[0]>();
  expectTypeOf<ReturnType<typeof cursorIn>>().toExtend<NonNullable<EventStreamOptions["store"]>>();
});

test("an error tells HTTP status, close code, reason and problem", () => {
  expectTypeOf<RelayError>().toExtend<Error>();
  expectTypeOf<RelayError["status"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<RelayError["code"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<RelayError["reason"]>().toEqualTypeOf<string>();
  expectTypeOf<(typeof CLOSE)["streamReset"]["code"]>().toEqualTypeOf<4410>();
});
