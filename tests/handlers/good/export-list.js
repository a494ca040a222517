const pass = (ctx) => ctx.events
const allow = () => null

export { pass as onPublish, allow as onSubscribe }
