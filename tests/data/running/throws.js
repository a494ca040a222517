// given: {"events": [1]}
// expect: {"broken": "TypeError: cannot read property 'a' of undefined", "at": "4:10"}
export function onPublish(ctx) {
  return ctx.nope.a.b
}
