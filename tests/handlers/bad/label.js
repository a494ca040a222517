// expect: PV318 3:3
export function onPublish(ctx) {
  outer: for (const event of ctx.events) {
    for (const item of event.payload) {
      if (!item) {
        break outer
      }
    }
  }
  return ctx.events
}
