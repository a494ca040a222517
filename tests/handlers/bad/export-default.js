// expect: PV304 2:8?
export default function clean(ctx) {
  return ctx.events
}

export function onPublish(ctx) {
  return clean(ctx)
}
