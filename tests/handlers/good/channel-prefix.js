export function onSubscribe(ctx) {
  const { path } = ctx.info.channel
  if (!path.startsWith('/chat/') || path.endsWith('/*')) {
    util.error(`no subscription to ${path}`)
  }
}
