// expect: PV328 3:33
export function onPublish(ctx) {
  const text = 'a'.replace('a', () => 'b')
  return text ? ctx.events : []
}
