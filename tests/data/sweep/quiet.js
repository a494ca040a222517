export const onSubscribe = (ctx) => {}
