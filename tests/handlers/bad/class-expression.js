// expect: PV319 2:17
const Message = class {}

export function onPublish(ctx) {
  return typeof Message ? ctx.events : []
}
