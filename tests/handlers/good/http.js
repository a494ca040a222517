export const onPublish = {
  request(ctx) {
    return {
      method: 'POST',
      resourcePath: '/moderate',
      params: {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ctx.events.map((event) => event.payload)),
      },
    }
  },
  response(ctx) {
    const { statusCode, body } = ctx.result
    if (statusCode !== 200) {
      util.error(`moderation says ${statusCode}`)
    }
    const allowed = JSON.parse(body)
    return ctx.events.filter((event, n) => allowed[n])
  },
}
