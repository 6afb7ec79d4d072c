/** A CloudEvent as the CellOS supervisor publishes them, structured mode. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: Readonly<Record<string, unknown>>;
}

let made = 0;

/** Makes one event; ids are unique within a run, everything else is fixed unless overridden. */
export function cloudEvent(
  data: Readonly<Record<string, unknown>> = {},
  overrides: Partial<CloudEvent> = {},
): CloudEvent {
  made += 1;
  return {
    specversion: "1.0",
    id: `event-${made}`,
    source: "/tenants/acme/formations/web",
    type: "io.cellos.cell.v1.started",
    time: "2026-01-01T00:00:00Z",
    datacontenttype: "application/json",
    data,
    ...overrides,
  };
}
