// given: {"events": [{"text": "hi"}], "source": true}
// expect: {"waiting": {"operation": "Converse", "modelId": "m", "messages": [{"role": "user", "content": [{"text": "hi"}]}]}}
import { converse } from '@aws-appsync/utils/ai'

export const onPublish = {
  request: (ctx) =>
    converse({ modelId: 'm', messages: [{ role: 'user', content: [{ text: ctx.events[0].payload.text }] }] }),
  response: (ctx) => ctx.events,
}
