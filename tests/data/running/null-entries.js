// given: {"events": [1, 2, 3]}
// expect: {"delivered": [[0, 1], [2, 3]], "dropped": [1]}
export const onPublish = (ctx) => ctx.events.map((event) => (event.payload === 2 ? null : event))
