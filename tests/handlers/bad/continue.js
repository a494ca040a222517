// expect: PV317 5:7
export function onPublish(ctx) {
  for (const event of ctx.events) {
    if (!event.payload) {
      continue
    }
    console.log(event.id)
  }
  return ctx.events
}
