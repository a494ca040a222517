// expect: PV332 2:30
export function onPublish(ctx: { events: [] }) {
  return ctx.events
}
