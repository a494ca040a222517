import { converse } from '@aws-appsync/utils/ai'

export const onPublish = {
  request(ctx) {
    return converse({
      modelId: 'amazon.nova-lite-v1:0',
      messages: [{ role: 'user', content: [{ text: ctx.events[0].payload.text }] }],
    })
  },
  response(ctx) {
    const answer = ctx.result?.output?.message?.content?.[0]?.text ?? ''
    return ctx.events.map((event) => ({ id: event.id, payload: { ...event.payload, answer } }))
  },
}
