// expect: PV304 2:14?
export const LONGEST = 10

export function onPublish(ctx) {
  return ctx.events.slice(0, LONGEST)
}
