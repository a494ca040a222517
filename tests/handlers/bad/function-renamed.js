// expect: PV328 3:26
const clean = (ctx) => ctx.events
export const onPublish = clean
