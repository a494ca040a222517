// given: {"events": [2, 1]}
// expect: {"broken": "sort takes no function in APPSYNC_JS", "at": "3:54"}
export const onPublish = (ctx) => ctx.events.slice().sort((a, b) => a.payload - b.payload)
