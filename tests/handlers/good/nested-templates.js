export function onPublish(ctx) {
  return ctx.events.map((event) => ({
    id: event.id,
    payload: `${event.payload.list.map((item) => `<${item}>`).join('')}
`,
  }))
}
