// expect: PV321 2:8
export async function onPublish(ctx) {
  return ctx.events
}
