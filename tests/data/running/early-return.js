// given: {"events": [{"draft": true}], "source": true}
// expect: {"delivered": [], "dropped": [0], "request": null}
// given: {"events": [{"draft": false}], "source": true, "result": null}
// expect: {"delivered": [[0, {"draft": false}]]}
import { runtime } from '@aws-appsync/utils'

export const onPublish = {
  request(ctx) {
    if (ctx.events.every((event) => event.payload.draft)) {
      runtime.earlyReturn([])
    }
    return { operation: 'Invoke', invocationType: 'Event', payload: ctx.events }
  },
  response: (ctx) => ctx.events,
}
