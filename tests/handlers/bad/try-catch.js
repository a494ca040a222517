// expect: PV313 3:3
export function onPublish(ctx) {
  try {
    console.log(JSON.parse(ctx.events[0].payload))
  } catch (error) {
    console.error(error)
  }
  return ctx.events
}
