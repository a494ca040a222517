// expect: PV304 2:17?
export function onpublish(ctx) {
  return ctx.events
}

export function onSubscribe() {}
