const isShort = (text) => text.length < 100

function isClean(event) {
  const { text = '' } = event.payload
  return isShort(text) && text.indexOf('spam') === -1
}

/** @param {import('@aws-appsync/utils').EventOnPublishContext} ctx */
export function onPublish(ctx) {
  return ctx.events.filter(isClean)
}
