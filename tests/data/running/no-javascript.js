// given: {"events": [1]}
// expect: {"broken": "SyntaxError", "unread": true, "at": "4:1"}
export const onPublish = (ctx) => ctx.events.
