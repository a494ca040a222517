// expect: PV329 3:32
export function onPublish(ctx) {
  const sizes = [3, 1, 2].sort((a, b) => a - b)
  return sizes ? ctx.events : []
}
