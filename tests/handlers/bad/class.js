// expect: PV319 2:1
class Message {}

export function onPublish(ctx) {
  return typeof Message ? ctx.events : []
}
