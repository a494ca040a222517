// expect: PV334 3:32?, PV334 3:41?, PV334 4:14?
export function onPublish(ctx) {
  console.log(ctx.info.channel.pat, ctx.args)
  return ctx.evnts
}
