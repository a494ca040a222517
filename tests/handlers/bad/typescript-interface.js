// expect: PV332 2:1
interface Message {
  text: string
}

export const onPublish = (ctx) => ctx.events
