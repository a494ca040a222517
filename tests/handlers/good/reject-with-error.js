export function onSubscribe(ctx) {
  if (ctx.info.channel.segments.length > 3) {
    util.error('too deep', 'BadChannel', null, { path: ctx.info.channel.path })
  }
}
