// expect: PV321 2:26
export const onPublish = async (ctx) => ctx.events
