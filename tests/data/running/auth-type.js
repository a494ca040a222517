// given: {"events": [0], "mode": "AWS_IAM"}
// expect: {"delivered": [[0, "IAM Authorization"]]}
export const onPublish = (ctx) => ctx.events.map(({ id }) => ({ id, payload: util.authType() }))
